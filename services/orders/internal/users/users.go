// Package users is a client for the users service.
package users

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/peer"
)

// Client calls the users service.
type Client struct {
	peer *peer.Client
}

// New returns a Client that sends its requests through p.
func New(p *peer.Client) Client { return Client{peer: p} }

// Exists reports whether the user exists.
func (c Client) Exists(ctx context.Context, id uuid.UUID) (bool, error) {
	answer, err := c.peer.Get(ctx, "/users/"+id.String())
	if err != nil {
		return false, err
	}
	switch answer.Status {
	case http.StatusOK:
		return true, nil
	case http.StatusNotFound:
		return false, nil
	default:
		return false, fmt.Errorf("asking users about %s: unexpected status %d", id, answer.Status)
	}
}
