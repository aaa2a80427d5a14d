// Package pki reads and judges certificates: SM2 public keys, holder identity, chains to explicit trust anchors,
// revocation by CRLs and OCSP responses.
//
// It never issues anything (see pki/ca), never asks the network and never reads a clock: the time of judgement is an
// argument. No certificate is trusted unless it leads to an anchor the caller named; there are no system roots. The
// profile is GB/T 20518-2018 (GM/T 0015-2023) over RFC 5280, signatures are SM2 with SM3 (GB/T 32918-2016, GB/T
// 32905-2016) with the default signer identifier. Certificates with other keys can be read; they are refused in a
// chain.
package pki
