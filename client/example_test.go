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

// A hall finds that a licence is not right and disputes it. The department reads in its feed that it was disputed, corrects
// the licence, and settles the dispute.
func ExampleClient_SettleDispute() {
	w, err := newWorld(plain)
	if err != nil {
		log.Fatal(err)
	}
	defer w.http.Close()
	department, err := client.New(w.config())
	if err != nil {
		log.Fatal(err)
	}
	defer department.Close()
	config := w.config()
	config.Key = w.hall
	hall, err := client.New(config)
	if err != nil {
		log.Fatal(err)
	}
	defer hall.Close()
	ctx := context.Background()
	request, err := foodLicence("P-0001")
	if err != nil {
		log.Fatal(err)
	}
	licence, err := department.Issue(ctx, request)
	if err != nil {
		log.Fatal(err)
	}

	_, err = hall.RaiseDispute(ctx, api.DisputeRequest{
		Asked: api.Asked{
			Purpose: "办理变更登记", Item: "350000-0102", Case: "2026-0001", Ground: "law", Basis: fixtures.HallBasis,
		},
		Identifier: licence.Identifier, Reason: "与营业执照不一致",
		Elements: []api.Disputed{{Field: "KZ_FDDBR", Claimed: "李四"}},
	}, client.WithIdempotencyKey("2026-0001/dispute"))
	if err != nil {
		log.Fatal(err)
	}

	for event, err := range department.AllEvents(ctx, client.Follow{Kinds: []string{"dispute-raised"}}) {
		if err != nil {
			log.Fatal(err)
		}
		dispute, err := department.Dispute(ctx, event.Dispute)
		if err != nil {
			log.Fatal(err)
		}
		changed, err := department.Perform(ctx, client.ActChange, dispute.Identifier, api.ActRequest{
			Reason: "更正", Basis: "经核对", Paper: "P-0002", Values: map[string]string{"KZ_FDDBR": "李四"},
		})
		if err != nil {
			log.Fatal(err)
		}
		settled, err := department.SettleDispute(ctx, dispute.ID, api.Settlement{Outcome: "corrected", Version: changed.Version})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(dispute.Elements[0].Field, dispute.StateZh, settled.StateZh, settled.CorrectedBy)
	}
	// Output: KZ_FDDBR 待办 已更正 2
}

// A department looks every morning at what it has to settle.
func ExampleClient_OpenDisputes() {
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
	open := 0
	for dispute, err := range c.OpenDisputes(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(dispute.Identifier, dispute.Reason)
		open++
	}
	fmt.Println(open)
	// Output: 0
}

// A system has its clerk stand in the audit of what he does.
func ExampleByClerk() {
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
	by := client.ByClerk(context.Background(), "staff-0042") // never the number of a person
	written, err := c.Issue(by, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(written.State)
	// Output: valid
}
