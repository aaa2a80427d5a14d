package sheet

import (
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
)

var cfbMagic = []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")

// Sector numbers of [MS-CFB] 2.1 that are no sectors.
const (
	cfbEnd     = 0xFFFFFFFE
	cfbMaxSect = 0xFFFFFFFA
	cfbNone    = 0xFFFFFFFF
	cfbMini    = 64
	cfbCutoff  = 4096
)

// cfb is an open compound file ([MS-CFB]). Its allocation table is in memory: four bytes for each sector of the file.
type cfb struct {
	r      io.ReaderAt
	size   int64
	sector int64
	fat    []uint32
	mini   []uint32
	root   *cfbStream // holds the mini sectors
	dir    []byte
}

func cfbCorrupt(detail string) error {
	return &Error{Code: CodeCorrupt, Detail: "compound file: " + detail}
}

// openCFB reads header, allocation tables and directory.
//
//	0  magic   30 sector shift   44 number of FAT sectors   48 first directory sector   60 first mini FAT sector
//	68 first DIFAT sector   72 number of DIFAT sectors   76 first 109 FAT sectors
func openCFB(r io.ReaderAt, size int64) (*cfb, error) {
	var head [512]byte
	if err := readAt(r, head[:], 0); err != nil {
		return nil, err
	}
	c := &cfb{r: r, size: size}
	switch binary.LittleEndian.Uint16(head[30:]) {
	case 9:
		c.sector = 512
	case 12:
		c.sector = 4096
	default:
		return nil, cfbCorrupt("sector size")
	}
	if err := c.readFAT(head[:]); err != nil {
		return nil, err
	}
	chain, err := c.chain(c.fat, binary.LittleEndian.Uint32(head[48:]))
	if err != nil {
		return nil, err
	}
	if c.dir, err = c.readChain(chain, 4<<20); err != nil {
		return nil, err
	}
	if chain, err = c.chain(c.fat, binary.LittleEndian.Uint32(head[60:])); err != nil {
		return nil, err
	}
	table, err := c.readChain(chain, 64<<20)
	if err != nil {
		return nil, err
	}
	for ; len(table) >= 4; table = table[4:] {
		c.mini = append(c.mini, binary.LittleEndian.Uint32(table))
	}
	return c, c.readRoot()
}

func (c *cfb) sectors() int { return int((c.size + c.sector - 1) / c.sector) }

func (c *cfb) readSector(p []byte, n uint32) error {
	off := (int64(n) + 1) * c.sector
	if n > cfbMaxSect || off >= c.size {
		return cfbCorrupt("sector out of the file")
	}
	k := min(int64(len(p)), c.size-off)
	clear(p[k:]) // the last sector may be cut short
	return readAt(c.r, p[:k], off)
}

// readFAT reads the sectors of the allocation table, which the header and then the DIFAT chain list.
func (c *cfb) readFAT(head []byte) error {
	most := c.sectors()/int(c.sector/4) + 2
	var list []uint32
	add := func(b []byte) {
		for ; len(b) >= 4 && len(list) <= most; b = b[4:] {
			if n := binary.LittleEndian.Uint32(b); n <= cfbMaxSect {
				list = append(list, n)
			}
		}
	}
	add(head[76:512])
	buf := make([]byte, c.sector)
	next := binary.LittleEndian.Uint32(head[68:])
	for range most {
		if next > cfbMaxSect {
			break
		}
		if err := c.readSector(buf, next); err != nil {
			return err
		}
		add(buf[:c.sector-4])
		next = binary.LittleEndian.Uint32(buf[c.sector-4:])
	}
	if len(list) > most {
		return cfbCorrupt("allocation table too large")
	}
	c.fat = make([]uint32, 0, len(list)*int(c.sector/4))
	for _, n := range list {
		if err := c.readSector(buf, n); err != nil {
			return err
		}
		for b := buf; len(b) >= 4; b = b[4:] {
			c.fat = append(c.fat, binary.LittleEndian.Uint32(b))
		}
	}
	return nil
}

// chain follows a chain of sectors; one longer than its table runs in a circle.
func (c *cfb) chain(table []uint32, start uint32) ([]uint32, error) {
	var out []uint32
	for n := start; n != cfbEnd && n != cfbNone; {
		if n > cfbMaxSect || int64(n) >= int64(len(table)) || len(out) > len(table) {
			return nil, cfbCorrupt("chain of sectors")
		}
		out = append(out, n)
		n = table[n]
	}
	return out, nil
}

func (c *cfb) readChain(chain []uint32, limit int) ([]byte, error) {
	if len(chain)*int(c.sector) > limit {
		return nil, &Error{Code: CodeTooLarge, Detail: "compound file directory"}
	}
	out := make([]byte, len(chain)*int(c.sector))
	for i, n := range chain {
		if err := c.readSector(out[i*int(c.sector):(i+1)*int(c.sector)], n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cfbEntry is a directory entry:
// 0 name in UTF-16, 64 its length in bytes, 66 type, 68 left, 72 right, 76 child, 116 first sector, 120 size.
type cfbEntry []byte

func (c *cfb) entry(i uint32) cfbEntry {
	if int64(i) >= int64(len(c.dir)/128) {
		return nil
	}
	return cfbEntry(c.dir[int64(i)*128 : int64(i)*128+128])
}

func (e cfbEntry) name() string {
	n := min(int(binary.LittleEndian.Uint16(e[64:])), 64)
	var units []uint16
	for i := 0; i+1 < n; i += 2 {
		if u := binary.LittleEndian.Uint16(e[i:]); u != 0 {
			units = append(units, u)
		}
	}
	return string(utf16.Decode(units))
}

func (e cfbEntry) u32(at int) uint32 { return binary.LittleEndian.Uint32(e[at:]) }

func (c *cfb) readRoot() error {
	root := c.entry(0)
	if root == nil {
		return cfbCorrupt("no root entry")
	}
	chain, err := c.chain(c.fat, root.u32(116))
	if err != nil {
		return err
	}
	c.root = &cfbStream{c: c, chain: chain, size: int64(root.u32(120)), sector: c.sector}
	return nil
}

// stream finds a stream in the root storage by its name, which does not tell upper from lower case; nil is none.
func (c *cfb) stream(name string) (*cfbStream, error) {
	seen := map[uint32]bool{}
	todo := []uint32{c.entry(0).u32(76)}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		e := c.entry(i)
		if e == nil || seen[i] {
			continue
		}
		seen[i] = true
		if e[66] == 2 && strings.EqualFold(e.name(), name) {
			return c.openStream(e)
		}
		todo = append(todo, e.u32(68), e.u32(72))
	}
	return nil, nil //nolint:nilnil // absence is no error here.
}

func (c *cfb) openStream(e cfbEntry) (*cfbStream, error) {
	s := &cfbStream{c: c, size: int64(e.u32(120)), sector: c.sector}
	table := c.fat
	if s.size < cfbCutoff {
		table, s.sector = c.mini, cfbMini
	}
	var err error
	s.chain, err = c.chain(table, e.u32(116))
	if err != nil {
		return nil, err
	}
	s.size = min(s.size, int64(len(s.chain))*s.sector)
	return s, nil
}

// cfbStream reads a stream at any place.
type cfbStream struct {
	c      *cfb
	chain  []uint32
	size   int64
	sector int64
}

// ReadAt implements io.ReaderAt; sectors that follow each other are read at once.
func (s *cfbStream) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) && off < s.size {
		i, at := off/s.sector, off%s.sector
		if i >= int64(len(s.chain)) {
			break
		}
		run := int64(1)
		for i+run < int64(len(s.chain)) && s.chain[i+run] == s.chain[i]+uint32(run) &&
			run*s.sector-at < int64(len(p)-done) {
			run++
		}
		n := min(run*s.sector-at, int64(len(p)-done), s.size-off)
		k, err := s.source(p[done:done+int(n)], s.chain[i], at)
		done += k
		off += int64(k)
		if err != nil {
			return done, err
		}
		if k == 0 {
			break
		}
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

func (s *cfbStream) source(p []byte, sector uint32, at int64) (int, error) {
	if s.sector == cfbMini {
		return s.c.root.ReadAt(p, int64(sector)*cfbMini+at)
	}
	return s.c.r.ReadAt(p, (int64(sector)+1)*s.sector+at)
}
