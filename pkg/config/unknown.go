package config

import (
	"cmp"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// foreign are variables beside the settings that others read: docker compose,
// programs of people that call by an API key, tests and journeys.
var foreign = []string{
	"POSTRIDER_POSTGRES_PASSWORD", "POSTRIDER_KEY", "POSTRIDER_URL", "POSTRIDER_FAILPOINT", "POSTRIDER_FUZZ_N", "POSTRIDER_FUZZ_SEED",
	"POSTRIDER_TEST_DATABASE_URL", "POSTRIDER_TEST_REDIS_URL",
}

// kubernetes matches what it sets for a service that is called postrider.
var kubernetes = regexp.MustCompile(`_SERVICE_(HOST|PORT)|_PORT_[0-9]+_(TCP|UDP)|_PORT=(tcp|udp)://`)

// Unknown is a variable with a value that nobody reads.
type Unknown struct{ Name, Nearest string }

// Unheard are the variables of the environment and of .env that begin as
// settings do and are none, each with the setting whose name is nearest.
func Unheard() []Unknown {
	values := map[string]string{}
	file, _ := godotenv.Read(".env") // Load tells what is wrong with it
	for name, value := range file {
		values[strings.ToUpper(name)] = value // there the case does not count
	}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = cmp.Or(value, values[name])
	}
	var unheard []Unknown
	for name, value := range values {
		is := func(s setting) bool { return s.env == name }
		if value == "" || !strings.HasPrefix(strings.ToUpper(name), "POSTRIDER_") || slices.Contains(foreign, name) || kubernetes.MatchString(name+"="+value) || slices.ContainsFunc(settings, is) {
			continue
		}
		nearest := slices.MinFunc(settings, func(a, b setting) int { return cmp.Compare(distance(name, a.env), distance(name, b.env)) })
		unheard = append(unheard, Unknown{name, nearest.env})
	}
	slices.SortFunc(unheard, func(a, b Unknown) int { return strings.Compare(a.Name, b.Name) })
	return unheard
}

// distance is how many letters must be put in, taken out or exchanged to make
// b of a, whatever their case (Levenshtein).
func distance(a, b string) int {
	a, b = strings.ToUpper(a), strings.ToUpper(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			exchanged := corner
			if a[i] != b[j] {
				exchanged++
			}
			corner = row[j+1]
			row[j+1] = min(exchanged, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
