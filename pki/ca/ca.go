// Package ca is a small SM2 certificate authority.
package ca
