// Package signing makes signatures.
package signing
