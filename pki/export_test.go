package pki

// Agree is the rule of CrossCheck.
var Agree = agree
