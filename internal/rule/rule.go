// Package rule is the register of the rules (规则登记) by which the vault and its service refuse: each says in Chinese
// and English what is demanded, and on what that rests. Every code of a refusal names one, in the table of its words,
// so that nobody is refused without being told why. Quotes of the policy and numbers of articles and clauses are those
// of the texts; where only the document is certain, it is named without them.
package rule

// Rule is one rule. Both sentences end without a full stop.
type Rule struct {
	ZH, EN string // what is demanded
	Basis  string // document with article, clause or quote; for a rule of this project: page and anchor of docs
}

const policyText = "闽政办〔2016〕131号"

func policy(quote, zh, en string) Rule {
	return Rule{ZH: zh, EN: en, Basis: policyText + "「" + quote + "」"}
}
