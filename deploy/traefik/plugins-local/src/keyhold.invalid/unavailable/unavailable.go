// Package unavailable answers that Keyhold is unavailable, in Keyhold's own format.
package unavailable

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
)

const problem = `{"type":"about:blank","title":"Temporarily unavailable","status":503,` +
	`"detail":"The key cannot be checked right now, so the request is rejected. Try again.","code":"unavailable","request_id":"%s"}`

// plain matches a well-formed request id.
var plain = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Config has no settings.
type Config struct{}

// CreateConfig returns the default settings, as Traefik requires of a plugin.
func CreateConfig() *Config {
	return &Config{}
}

// New returns a handler that answers every request with 503 and never calls the next handler.
func New(_ context.Context, _ http.Handler, _ *Config, _ string) (http.Handler, error) {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Content-Type", "application/problem+json")
		answer.Header().Set("Cache-Control", "no-store")
		answer.Header().Set("Retry-After", "5")
		answer.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintf(answer, problem, name(request))
	}), nil
}

// name returns the id of a request: the client's, or a new one.
func name(request *http.Request) string {
	if id := request.Header.Get("X-Request-Id"); plain.MatchString(id) {
		return id
	}
	random := make([]byte, 8)
	_, _ = rand.Read(random)
	return fmt.Sprintf("%x", random)
}
