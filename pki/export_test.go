package pki

// Agree is the rule of CrossCheck.
var Agree = agree

// Succeeds runs one test of the self-test.
var Succeeds = succeeds
