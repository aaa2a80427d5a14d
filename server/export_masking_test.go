package server

import "github.com/elicense/elicense/vault/catalogue"

// Masked is a personal value as who browses sees it.
func Masked(col *catalogue.Column, value string) string { return masked(col, value) }

// HideNumbers masks the citizen numbers in a text.
func HideNumbers(text string) string { return hideNumbers(text) }
