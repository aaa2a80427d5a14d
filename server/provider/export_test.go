package provider

// KidOf names the key that signs.
func KidOf(k *Keys) string {
	name, _ := nameOf(&k.signing().PublicKey)
	return name
}
