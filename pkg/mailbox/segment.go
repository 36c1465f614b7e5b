package mailbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A segment is a file of records, named after the first id that may stand in
// it. A record is
//
//	uint32 length of the mail    uint32 CRC-32C of the mail
//	uint32 length of the entry   uint32 CRC-32C of the three numbers before and the entry
//	the mail, the entry
//
// so that opening reads the entries and skips the mails. Numbers are little
// endian. The entry stands last because it is known only when the mail is.
type segment struct {
	file      *os.File
	size      int64
	count     int
	broken    bool  // a write failed and could not be undone: nothing more goes here
	damagedAt int64 // where reading gave up, -1: nowhere
}

const (
	recordHeader = 16
	segmentExt   = ".mails"
	maxEntry     = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("mailbox: damaged record")

func segmentPath(dir string, id int64) string {
	return filepath.Join(dir, fmt.Sprintf("%016d%s", id, segmentExt))
}

// segmentIDs lists the segments of a folder in the order of their ids.
func segmentIDs(dir string) ([]int64, error) {
	files, err := os.ReadDir(dir) // sorted by name, and the names are padded
	if err != nil {
		return nil, fmt.Errorf("mailbox: read the folder: %w", err)
	}
	var ids []int64
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), segmentExt)
		if !ok || f.IsDir() {
			continue
		}
		id, err := strconv.ParseInt(name, 10, 64)
		if err != nil || id < 1 {
			return nil, fmt.Errorf("mailbox: %s is not a file of this inbox", f.Name())
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func createSegment(dir string, id int64) (*segment, error) {
	f, err := os.OpenFile(segmentPath(dir, id), os.O_RDWR|os.O_CREATE|os.O_TRUNC, fs.FileMode(0o600))
	if err != nil {
		return nil, fmt.Errorf("mailbox: create a file: %w", err)
	}
	return &segment{file: f, damagedAt: -1}, nil
}

// openSegment reads the entries of a segment. The last one, where a crash
// can have left a torn record, is checked to the last octet and cut behind
// its last whole record.
func openSegment(dir string, id int64, last bool) (*segment, []item, error) {
	f, err := os.OpenFile(segmentPath(dir, id), os.O_RDWR, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("mailbox: open a file: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("mailbox: look at a file: %w", err)
	}
	s := &segment{file: f, size: info.Size(), damagedAt: -1}
	var items []item
	for offset := int64(0); offset < s.size; {
		e, next, err := s.entry(offset)
		if err == nil && last {
			_, err = s.read(offset)
		}
		if err != nil {
			if !errors.Is(err, errDamaged) {
				_ = f.Close()
				return nil, nil, err
			}
			s.damagedAt = offset
			if last {
				if err := f.Truncate(offset); err != nil {
					_ = f.Close()
					return nil, nil, fmt.Errorf("mailbox: cut a torn record off: %w", err)
				}
				s.size = offset
			}
			break
		}
		items = append(items, item{Entry: e, segment: s, offset: offset})
		s.count++
		offset = next
	}
	return s, items, nil
}

// append writes a sealed record behind the others. What could be written of
// it only in part is taken back.
func (s *segment) append(record []byte) (offset int64, err error) {
	if _, err := s.file.WriteAt(record, s.size); err != nil {
		if terr := s.file.Truncate(s.size); terr != nil {
			s.broken = true
		}
		return 0, fmt.Errorf("mailbox: write a mail: %w", err)
	}
	offset = s.size
	s.size += int64(len(record))
	s.count++
	return offset, nil
}

// header reads and bounds the numbers of the record at offset.
func (s *segment) header(offset int64) (h [recordHeader]byte, mail, entry int64, err error) {
	if offset+recordHeader > s.size {
		return h, 0, 0, errDamaged
	}
	if _, err := s.file.ReadAt(h[:], offset); err != nil {
		return h, 0, 0, fmt.Errorf("mailbox: read a record: %w", err)
	}
	mail, entry = int64(binary.LittleEndian.Uint32(h[0:])), int64(binary.LittleEndian.Uint32(h[8:]))
	if entry > maxEntry || offset+recordHeader+mail+entry > s.size {
		return h, 0, 0, errDamaged
	}
	return h, mail, entry, nil
}

func (s *segment) entry(offset int64) (e Entry, next int64, err error) {
	h, mailLen, entryLen, err := s.header(offset)
	if err != nil {
		return e, 0, err
	}
	raw := make([]byte, entryLen)
	if _, err := s.file.ReadAt(raw, offset+recordHeader+mailLen); err != nil {
		return e, 0, fmt.Errorf("mailbox: read a record: %w", err)
	}
	if crc32.Update(crc32.Checksum(h[:12], castagnoli), castagnoli, raw) != binary.LittleEndian.Uint32(h[12:]) {
		return e, 0, errDamaged
	}
	if e, err = decodeEntry(raw); err != nil {
		return e, 0, err
	}
	e.Size = mailLen
	return e, offset + recordHeader + mailLen + entryLen, nil
}

// read answers the mail of the record at offset.
func (s *segment) read(offset int64) ([]byte, error) {
	h, n, _, err := s.header(offset)
	if err != nil {
		return nil, err
	}
	data := make([]byte, n)
	if _, err := s.file.ReadAt(data, offset+recordHeader); err != nil {
		return nil, fmt.Errorf("mailbox: read a mail: %w", err)
	}
	if crc32.Checksum(data, castagnoli) != binary.LittleEndian.Uint32(h[4:]) {
		return nil, errDamaged
	}
	return data, nil
}

// seal appends the entry to a buffer of header room and mail, and fills the
// header in.
func seal(record []byte, e Entry) []byte {
	end := len(record)
	record = appendEntry(record, e)
	mail, entry := record[recordHeader:end], record[end:]
	binary.LittleEndian.PutUint32(record[0:], uint32(len(mail))) //nolint:gosec // a mail has some megabytes at most
	binary.LittleEndian.PutUint32(record[4:], crc32.Checksum(mail, castagnoli))
	binary.LittleEndian.PutUint32(record[8:], uint32(len(entry))) //nolint:gosec // some lines of a header
	crc := crc32.Update(crc32.Checksum(record[:12], castagnoli), castagnoli, entry)
	binary.LittleEndian.PutUint32(record[12:], crc)
	return record
}

// appendEntry and decodeEntry: id and time as varints, then five strings with
// their lengths before them. The size is that of the mail.
func appendEntry(dst []byte, e Entry) []byte {
	dst = binary.AppendVarint(dst, e.ID)
	dst = binary.AppendVarint(dst, e.ReceivedAt.UnixMicro())
	for _, s := range []string{e.From, e.To, e.Subject, e.FeedbackID, e.MessageID} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

func decodeEntry(raw []byte) (e Entry, err error) {
	var at int64
	for _, p := range []*int64{&e.ID, &at} {
		v, n := binary.Varint(raw)
		if n <= 0 {
			return e, errDamaged
		}
		*p, raw = v, raw[n:]
	}
	e.ReceivedAt = time.UnixMicro(at).UTC()
	for _, p := range []*string{&e.From, &e.To, &e.Subject, &e.FeedbackID, &e.MessageID} {
		v, n := binary.Uvarint(raw)
		if n <= 0 || v > uint64(len(raw)-n) { //nolint:gosec // n is no more than there is
			return e, errDamaged
		}
		*p, raw = string(raw[n:n+int(v)]), raw[n+int(v):] //nolint:gosec // no more than there is
	}
	return e, nil
}
