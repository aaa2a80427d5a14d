package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/fixtures"
)

// A department issues the licence of a paper that it has printed. Sent again with the same key, the first answer comes
// back and nothing is issued twice.
func ExampleClient_Issue() {
	w, err := newWorld(plain)
	if err != nil {
		log.Fatal(err)
	}
	defer w.http.Close()
	c, err := client.New(w.config()) // URL, TLS and the key that elicense caller enrol made
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	request, err := foodLicence("P-0001")
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		written, err := c.Issue(context.Background(), request, client.WithIdempotencyKey("2026-000187/1"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(written.State, written.Version, written.Replayed)
	}
	// Output:
	// valid 1 false
	// valid 1 true
}

// A department walks through the licences of a type that it has issued.
func ExampleClient_LookUps() {
	w, err := newWorld(plain)
	if err != nil {
		log.Fatal(err)
	}
	defer w.http.Close()
	c, err := client.New(w.config())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	request, err := foodLicence("P-0001")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Issue(context.Background(), request); err != nil {
		log.Fatal(err)
	}

	ask := api.LookupRequest{
		Asked:  api.Asked{Purpose: "核对本部门所发证照", Ground: "issuer"},
		Type:   request.Type,
		Issuer: fixtures.Departments()[0].Code,
		Fields: []string{"ZZYXQJZRQ"},
	}
	for licence, err := range c.LookUps(context.Background(), ask) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(licence.TypeName, licence.StateZh, licence.Values["ZZYXQJZRQ"])
	}
	// Output: 食品经营许可证 有效 2031-02-28
}
