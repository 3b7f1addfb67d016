package main

import (
	"os"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/processtest"
)

var underTest = processtest.Service{
	Name:       "users",
	Run:        users.Run,
	Collection: "/users",
	Creation:   `{"name": "Ada", "email": "ada@example.com"}`,
}

func TestMain(m *testing.M) { os.Exit(underTest.Main(m)) }

func TestProcess(t *testing.T) { underTest.Test(t) }
