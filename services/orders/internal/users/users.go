// Package users asks the users service about users.
package users

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/peer"
)

// Client is a client of users.
type Client struct {
	peer *peer.Client
}

// New returns a client that calls users through p.
func New(p *peer.Client) Client { return Client{peer: p} }

// Exists says whether there is such a user.
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
