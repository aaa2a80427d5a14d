package sntp

// Judge reads an answer.
var Judge = judge
