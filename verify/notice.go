package verify

import (
	"slices"
	"strings"
)

// maxNoticed is how many findings a notice names.
const maxNoticed = 10

// Notice is the paragraph for the applicant (告知), in "zh" or "en": every finding that keeps the document from being
// accepted and that the applicant can do something about, the worst first, each with what to do. It is empty if there
// is none: what is left then is the work of whoever judges, see Todo.
func (r *Report) Notice(lang string) string { return r.forPeople(r.notice(lang), lang) }

// Todo is the paragraph for whoever judges (经办人): what only the office can clear up before the document can be
// accepted or returned, such as roots that are not there, evidence that is stale, a licence to be asked for again. Of
// a document that goes back it is empty: with that it ends.
func (r *Report) Todo(lang string) string { return r.forPeople(r.todo(lang), lang) }

func (r *Report) notice(lang string) string {
	return r.findings(lang, func(c *Check) bool { return !c.ofOffice() })
}

func (r *Report) todo(lang string) string {
	if r.Indication == TotalFailed {
		return ""
	}
	return r.findings(lang, (*Check).ofOffice)
}

// ofOffice tells a finding that says nothing against the document: the verifier lacks something, or has to wait.
func (c *Check) ofOffice() bool {
	if c.outcome() != Indeterminate {
		return false
	}
	subject, aspect, _ := strings.Cut(c.ID, ".")
	return officeWork[c.Sub] || c.ID == "licence.none" || subject == "evidence" || aspect == "form" ||
		aspect == "vault" || c.Found == "none is configured"
}

// officeWork are the findings that wait for the office wherever they are not failures.
var officeWork = map[SubIndication]bool{
	TryLater: true, NoCertificateChainFound: true, ChainConstraintsFailure: true, CryptoConstraintsFailure: true,
	Suspended: true,
}

// findings joins what some of the checks found, in one language.
func (r *Report) findings(lang string, of func(c *Check) bool) string {
	var lines []noticed
	for _, outcome := range []Indication{TotalFailed, Indeterminate} {
		for i := range r.Checks {
			c := &r.Checks[i]
			if c.Status == CheckPassed || c.Status == CheckSkipped || c.outcome() != outcome {
				continue
			}
			if !of(c) || r.follows(c) {
				continue
			}
			lines = tell(lines, partWords(c).in(lang), findingOf(c).in(lang))
		}
	}
	if len(lines) == 0 {
		return ""
	}
	end := words{"。", "."}.in(lang)
	texts := make([]string, len(lines))
	for i := range lines {
		texts[i] = lines[i].String()
	}
	return strings.Join(texts, words{"；", "; "}.in(lang)) + end
}

// noticed is one finding and the parts of which it is told.
type noticed struct {
	parts []string
	text  string
}

// tell adds a finding. What is the same of several parts, such as two uses of one seal, is told once.
func tell(lines []noticed, part, text string) []noticed {
	at := slices.IndexFunc(lines, func(t noticed) bool { return t.text == text })
	switch {
	case at >= 0 && !slices.Contains(lines[at].parts, part):
		lines[at].parts = append(lines[at].parts, part)
	case at < 0 && len(lines) < maxNoticed:
		lines = append(lines, noticed{[]string{part}, text})
	}
	return lines
}

func (t *noticed) String() string {
	if len(t.parts) > maxBrief {
		return strings.Join(t.parts[:maxBrief], "") + "… " + t.text
	}
	return strings.Join(t.parts, "") + t.text
}

// follows reports a finding that is none of its own. Where a seal's files were changed the seal counts for nothing, and
// all that it would have covered is said to be covered by nobody: the applicant is told what was changed. Whether a
// document that goes back is in force as well is asked of nobody.
func (r *Report) follows(c *Check) bool {
	switch c.ID {
	case "description.shown": // the same files are said to be covered by nobody
		return slices.ContainsFunc(r.Checks, func(other Check) bool {
			return other.Status == CheckFailed && (other.ID == "package.extra" && other.Found == c.Found ||
				other.ID == "description.files" && other.Part == c.Part && tellsAll(other.Found, c.Found))
		})
	case "package.extra", "seal.holder", "licence.covered", "licence.metadata", "licence.none":
		return c.Part == "" && slices.ContainsFunc(r.Checks, func(other Check) bool {
			return other.ID == "description.files" && other.Status == CheckFailed
		})
	}
	return c.Level == LevelState && c.outcome() == Indeterminate && r.Indication == TotalFailed
}

// tellsAll tells whether what a seal lists and what became of it names all of these files.
func tellsAll(listed, files string) bool {
	names := map[string]bool{}
	for _, l := range strings.Split(listed, ", ") {
		at := max(strings.LastIndexByte(l, ' '), 0)
		names[strings.TrimPrefix(l[:at], "/")] = true
	}
	return !slices.ContainsFunc(strings.Split(files, ", "), func(f string) bool { return !names[f] })
}

// finding says what a check found, of what, and what to do next.
func finding(c *Check) words {
	part, text := partWords(c), findingOf(c)
	return words{part.zh + text.zh, part.en + text.en}
}

// partWords names the part of which a check is, as it stands before what was found.
func partWords(c *Check) words {
	if c.Part == closingPart {
		return words{"[收尾] ", inPart(c.Part)}
	}
	return words{inPart(c.Part), inPart(c.Part)}
}

// findingOf is a finding without its part.
func findingOf(c *Check) words {
	s, p := subjects[strings.SplitN(c.ID, ".", 2)[0]], problem(c)
	shown := pair(inBrief(c))
	return withAct(words{s.zh + "：" + p.zh + shown.zh, s.en + ": " + p.en + shown.en}, c)
}

// maxBrief is how many files a finding names; the list of checks has the others.
const maxBrief = 3

// inBrief is a check that names few of many files.
func inBrief(c *Check) *Check {
	names := strings.Split(c.Found, ", ")
	if c.Level != LevelDigest || len(names) <= maxBrief {
		return c
	}
	brief := *c
	brief.Found = strings.Join(names[:maxBrief], ", ") + ", …"
	return &brief
}

// OtherReaders explains why other software may call this document valid: the known gaps in what it looks at. It is
// empty if the document passes, or if no known gap explains it.
func (r *Report) OtherReaders(lang string) []string {
	if r.Indication == TotalPassed {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Status == CheckPassed || c.Status == CheckSkipped {
			continue
		}
		for _, key := range []string{c.ID + "/" + string(c.Sub), c.ID} {
			if w, ok := otherReaders[key]; ok && !seen[w.en] {
				seen[w.en] = true
				out = append(out, w.in(lang))
			}
		}
	}
	return out
}

// otherReaders are the known behaviours of other readers by the check that they leave out.
var otherReaders = map[string]words{
	"package.extra": {
		"有的阅读器只核对签名列出的文件，不看多出来的文件",
		"some readers check the listed files only and never look for others",
	},
	"package.text": {
		"有的阅读器按本地文件头或按第一个同名文件读取，与目录所列不是同一内容",
		"some readers take the first of two files of one name, or files that the directory does not list",
	},
	"package.signed": {
		"有的阅读器对没有签名列表的文件不作任何提示", "some readers say nothing at all where the list of signatures is gone",
	},
	"description.files": {
		"有的阅读器只核对签章值，不重算文件摘要", "some readers check the signature value and never hash the files again",
	},
	"pdf.text": {
		"有的阅读器自行修复损坏的 PDF，显示的是修复出来的内容",
		"some readers repair a damaged PDF and show what they made of it",
	},
	"pdf.range": {
		"有的阅读器不核对签名覆盖的范围", "some readers do not look at what the signature covers",
	},
	"pdf.changed": {
		"有的阅读器只核对签署时的版本，对其后的改动只作提示，或不提示",
		"some readers judge the revision that was signed, and mention later changes in passing or not at all",
	},
	"pdf.permitted": {
		"有的阅读器不看签名人是否锁定了文件", "some readers do not look whether the signer closed the document",
	},
	"cms.signers": {
		"有的阅读器把“没有一个签名不成立”当作有效，即使一个签名也没有",
		"some readers call it valid if no signature fails, even if there is none",
	},
	"maker.signature": {
		"有的阅读器不核对印章的制章人签名", "some readers do not check the maker's signature on the seal",
	},
	"maker.chain": {
		"有的阅读器不核对制章人证书", "some readers do not look at the maker's certificate",
	},
	"maker.usage": {
		"有的阅读器接受任何人签发的印章", "some readers accept a seal that anybody made",
	},
	"seal.signer": {
		"有的阅读器不核对签章人是否在印章名单中", "some readers do not look whether the signer may use the seal",
	},
	"signature.chain/OUT_OF_BOUNDS_NO_POE": {
		"有的阅读器按签名人自己所称的时间核对证书", "some readers judge the certificate at the time that the signer claims",
	},
	"signature.chain/EXPIRED": {
		"有的阅读器按现在的时间核对证书，或完全不看有效期",
		"some readers judge the certificate as of now, or not at all by time",
	},
	"signature.chain/NO_CERTIFICATE_CHAIN_FOUND": {
		"有的阅读器不核对证书链，谁的证书都认", "some readers do not build a chain: any certificate will do",
	},
	"signature.revocation": {
		"有的阅读器离线时不查吊销", "some readers do not look for revocation when offline",
	},
	"signature.path": {
		"有的阅读器不核对签章属性所指的文件", "some readers do not compare which file the seal names",
	},
	"state.now": {
		"有的阅读器只看签章，不知道证照现在的状态", "some readers see the seal only and know nothing of the licence's state",
	},
	"signature.algorithm": {
		"有的阅读器仍接受 MD5、SHA-1", "some readers still accept MD5 and SHA-1",
	},
}
