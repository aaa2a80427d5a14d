package kmc

import (
	"fmt"
	"io"
)

// secretSize is the length of what is split: an SM4 key.
const secretSize = 16

// point is one share of Shamir's scheme over GF(2^8): the values of 16 polynomials at x.
type point struct {
	x byte // never 0, where the secret is
	y [secretSize]byte
}

// split gives n points of polynomials of degree k-1 that are secret at 0. Fewer than k of them fit every secret.
func split(random io.Reader, secret [secretSize]byte, k, n int) ([]point, error) {
	coefficients := make([][secretSize]byte, k-1)
	defer clear(coefficients)
	for i := range coefficients {
		if _, err := io.ReadFull(random, coefficients[i][:]); err != nil {
			return nil, fmt.Errorf("reading random polynomial: %w", err)
		}
	}
	points := make([]point, n)
	for i := range points {
		p := &points[i]
		p.x = byte(i + 1)
		for b := range p.y {
			for j := len(coefficients) - 1; j >= 0; j-- { // Horner's rule, highest coefficient first
				p.y[b] = mul(p.y[b]^coefficients[j][b], p.x)
			}
			p.y[b] ^= secret[b]
		}
	}
	return points, nil
}

// combine gives the values at 0 of the polynomials through the points. It cannot tell whether they are enough or
// right; what the secret opens does. Points that are no share, or one point twice, give false.
func combine(points []point) (secret [secretSize]byte, ok bool) {
	var seen [256]bool
	for _, p := range points {
		if p.x == 0 || seen[p.x] {
			return [secretSize]byte{}, false
		}
		seen[p.x] = true
	}
	for i, p := range points {
		weight := byte(1) // of this point at 0, by Lagrange
		for j, q := range points {
			if i != j {
				weight = mul(weight, mul(q.x, inverse(q.x^p.x)))
			}
		}
		for b := range secret {
			secret[b] ^= mul(p.y[b], weight)
		}
	}
	return secret, len(points) > 0
}

// mul multiplies in GF(2^8) modulo x^8+x^4+x^3+x+1 without a branch or a table, so that time tells nothing.
func mul(a, b byte) byte {
	var product byte
	for range 8 {
		product ^= -(b & 1) & a
		a = a<<1 ^ -(a>>7)&0x1b
		b >>= 1
	}
	return product
}

// inverse is a^254, and so 1/a for a that is not 0.
func inverse(a byte) byte {
	result := byte(1)
	for range 7 {
		a = mul(a, a)
		result = mul(result, a)
	}
	return result
}
