package ofd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/ofd"
)

// TestXML: text, references, comments and CDATA are read as XML says; prefixes do not count.
func TestXML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, names, text string }{
		{"one", "<a/>", "a", ""},
		{"prefixes", `<o:a xmlns:o="x"><p:b/></o:a>`, "a b", ""},
		{"text", "<a>one<b>two</b>three</a>", "a b", "onetwothree"},
		{"references", "<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x4e2d;</a>", "a", `<&>"'A中`},
		{"line ends", "<a>1\r\n2\r3</a>", "a", "1\n2\n3"},
		{"comments", "<!-- x --><a>1<!-- <b> -->2</a><!-- y -->", "a", "12"},
		{"CDATA", "<a>1<![CDATA[<b>&amp;]]>2</a>", "a", "1<b>&amp;2"},
		{"instructions", `<?xml version="1.0" encoding="utf-8"?><?x y?><a/>`, "a", ""},
		{"a byte order mark", "\xef\xbb\xbf<a/>", "a", ""},
		{"attributes", `<a b='1>2' c = "&lt;"/>`, "a", "[1>2][<]"},
		{"white space in tags", "<a\n b=\"1\"\n></a >", "a", "[1]"},
		{"namespaces", `<a xmlns="u" xmlns:b="v" b:c="1"/>`, "a", "[1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			names, text, err := ofd.WalkXML([]byte(c.in))
			require.NoError(t, err)
			require.Equal(t, c.names, strings.Join(names, " "))
			require.Equal(t, c.text, text)
		})
	}
}

// TestXMLRefuses everything that is not XML of this form.
func TestXMLRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		reason   ofd.Reason
	}{
		{"nothing", "", ofd.ReasonXML},
		{"text alone", "a", ofd.ReasonXML},
		{"no end", "<a>", ofd.ReasonXML},
		{"no end of a tag", "<a", ofd.ReasonXML},
		{"no end of an attribute", `<a b="`, ofd.ReasonXML},
		{"crossed", "<a><b></a></b>", ofd.ReasonXML},
		{"another prefix at the end", "<x:a></y:a>", ofd.ReasonXML},
		{"an end too many", "<a/></a>", ofd.ReasonXML},
		{"two roots", "<a/><b/>", ofd.ReasonXML},
		{"text behind", "<a/>x", ofd.ReasonXML},
		{"text before", "x<a/>", ofd.ReasonXML},
		{"no name", "<>", ofd.ReasonXML},
		{"no name behind the prefix", "<a:/>", ofd.ReasonXML},
		{"no prefix", "<:a/>", ofd.ReasonXML},
		{"a digit", "<1/>", ofd.ReasonXML},
		{"a tag in a tag", "<a <b/>", ofd.ReasonXML},
		{"an attribute twice", `<a b="1" b="2"/>`, ofd.ReasonXML},
		{"an attribute twice but for its prefix", `<a xmlns:p="u" b="1" p:b="2"/>`, ofd.ReasonXML},
		{"a namespace twice", `<a xmlns:p="u" xmlns:p="v"/>`, ofd.ReasonXML},
		{"an attribute without a value", "<a b/>", ofd.ReasonXML},
		{"an attribute without quotes", "<a b=1/>", ofd.ReasonXML},
		{"attributes that are not apart", `<a b="1"c="2"/>`, ofd.ReasonXML},
		{"a tag in an attribute", `<a b="<c>"/>`, ofd.ReasonXML},
		{"a comment that does not end", "<a><!-- ", ofd.ReasonXML},
		{"two dashes in a comment", "<a><!-- -- --></a>", ofd.ReasonXML},
		{"CDATA that does not end", "<a><![CDATA[", ofd.ReasonXML},
		{"CDATA outside", "<![CDATA[x]]><a/>", ofd.ReasonXML},
		{"]]> in text", "<a>]]></a>", ofd.ReasonXML},
		{"an instruction that does not end", "<a><?x", ofd.ReasonXML},
		{"a second declaration", `<a><?xml version="1.0"?></a>`, ofd.ReasonXML},
		{"an ampersand alone", "<a>&</a>", ofd.ReasonXML},
		{"a character that is none", "<a>&#0;</a>", ofd.ReasonXML},
		{"half a pair", "<a>&#xd800;</a>", ofd.ReasonXML},
		{"a control character", "<a>\x01</a>", ofd.ReasonXML},
		{"no UTF-8", "<a>\xff</a>", ofd.ReasonXML},
		{"another encoding", `<?xml version="1.0" encoding="GBK"?><a/>`, ofd.ReasonXML},
		{"UTF-16", "\xff\xfe<\x00a\x00/\x00>\x00", ofd.ReasonXML},
		{"too deep", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), ofd.ReasonXML},
		{"too many attributes", "<a " + strings.Repeat("b=\"1\" ", 70) + "/>", ofd.ReasonXML},
		{"a document type", "<!DOCTYPE a><a/>", ofd.ReasonDoctype},
		{"an entity", "<a>&b;</a>", ofd.ReasonDoctype},
		{"an entity in an attribute", `<a b="&c;"/>`, ofd.ReasonDoctype},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			names, _, err := ofd.WalkXML([]byte(c.in))
			require.ErrorIs(t, err, &ofd.Error{Reason: c.reason})
			require.Nil(t, names)
		})
	}
}

// FuzzXML: what is read can be cut into tags without a panic, and a second reading gives the same.
func FuzzXML(f *testing.F) {
	for _, seed := range []string{
		"<a/>", `<?xml version="1.0"?><o:a b='1'>x<!-- --><![CDATA[y]]>&#65;</o:a>`, "<!DOCTYPE a>", "\xef\xbb\xbf<a b=\"\"/>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		names, text, err := ofd.WalkXML(b)
		if err != nil {
			require.Nil(t, names)
			return
		}
		require.NotEmpty(t, names)
		again, same, err := ofd.WalkXML(b)
		require.NoError(t, err)
		require.Equal(t, names, again)
		require.Equal(t, text, same)
	})
}
