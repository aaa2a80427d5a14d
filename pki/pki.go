// Package pki reads and judges certificates, CRLs and OCSP messages: keys of SM2, ECDSA and RSA, holders and their
// identity, chains to explicit trust anchors, revocation.
//
// It never issues anything (see pki/ca), never asks the network and never reads a clock: the time of judgement is an
// argument. No certificate is trusted unless it leads to an anchor that the caller named, within the scope that he gave
// it; there are no system roots. Paths are judged by RFC 5280, 6.1, with policies as RFC 9618 amends it, and by the
// profile of GB/T 20518-2018 (GM/T 0015-2023). SM2 signatures are those of GB/T 32918-2016 with SM3 (GB/T 32905-2016)
// and the default signer identifier.
//
// What is not supported is refused by name: DSA, EdDSA and the post-quantum algorithms, curves beside SM2 and P-256,
// P-384 and P-521, CRLs that list certificates of other issuers.
package pki
