package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	notePrefix = "note:"
	schemaKey  = "notes:schema"
	// scanBatchSize is the number of keys that are requested with one SCAN.
	scanBatchSize = 500
)

type valkey struct {
	client   *redis.Client
	poolSize int
}

func openValkey(location *url.URL, poolSize int) (store, error) {
	redisURL := *location
	redisURL.Scheme = "redis" // The library does not know the scheme valkey.
	settings, err := redis.ParseURL(redisURL.String())
	if err != nil {
		return nil, fmt.Errorf("parsing DATABASE_URL: %w", err)
	}
	settings.PoolSize = poolSize
	settings.MaxRetries = -1   // Disables retries.
	settings.DialerRetries = 1 // Dials once.
	settings.DialTimeout = hostTimeout
	settings.PoolTimeout = requestTimeout
	settings.ContextTimeoutEnabled = true
	// Valkey does not have these features.
	settings.DisableIdentity = true
	settings.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return valkey{client: redis.NewClient(settings), poolSize: poolSize}, nil
}

// withConn calls use once with a live connection. It never retries use.
func (v valkey) withConn(ctx context.Context, use func(*redis.Conn) error) (err error) {
	// All pooled connections may be dead, and then a new one is opened.
	for range v.poolSize + 1 {
		conn := v.client.Conn()
		err = conn.Ping(ctx).Err()
		if err == nil {
			err = use(conn)
			_ = conn.Close()
			return err
		}
		_ = conn.Close() // Close removes a dead connection from the pool.
		var serverErr redis.Error
		var networkErr *net.OpError
		if errors.As(err, &serverErr) || errors.As(err, &networkErr) && networkErr.Op == "dial" || ctx.Err() != nil {
			return err // Another connection would fail in the same way.
		}
	}
	return err
}

func (v valkey) put(ctx context.Context, key, value string) error {
	return v.withConn(ctx, func(conn *redis.Conn) error {
		return conn.Set(ctx, notePrefix+key, value, 0).Err()
	})
}

func (v valkey) get(ctx context.Context, key string) (value string, found bool, err error) {
	err = v.withConn(ctx, func(conn *redis.Conn) (err error) {
		value, err = conn.Get(ctx, notePrefix+key).Result()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	return value, err == nil, err
}

func (v valkey) all(ctx context.Context) (map[string]string, error) {
	notes := map[string]string{}
	err := v.withConn(ctx, func(conn *redis.Conn) error {
		for cursor := uint64(0); ; {
			keys, next, err := conn.Scan(ctx, cursor, notePrefix+"*", scanBatchSize).Result()
			if err != nil {
				return err
			}
			if len(keys) > 0 {
				values, err := conn.MGet(ctx, keys...).Result()
				if err != nil {
					return err
				}
				for i, value := range values {
					if text, ok := value.(string); ok {
						notes[strings.TrimPrefix(keys[i], notePrefix)] = text
					}
				}
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	})
	return notes, err
}

func (v valkey) user(ctx context.Context) (name string, err error) {
	err = v.withConn(ctx, func(conn *redis.Conn) (err error) {
		command := redis.NewStringCmd(ctx, "ACL", "WHOAMI")
		_ = conn.Process(ctx, command) // command.Result returns the same error.
		name, err = command.Result()
		return err
	})
	return name, err
}

func (v valkey) ready(ctx context.Context) error {
	return v.withConn(ctx, func(conn *redis.Conn) error {
		found, err := conn.Exists(ctx, schemaKey).Result()
		if err == nil && found == 0 {
			err = errors.New("no such key")
		}
		if err != nil {
			return fmt.Errorf("reading key %s: %w", schemaKey, err)
		}
		return nil
	})
}

func (v valkey) migrate(ctx context.Context, report func(line string)) error {
	return v.withConn(ctx, func(conn *redis.Conn) error {
		created, err := conn.SetNX(ctx, schemaKey, "1", 0).Result()
		switch {
		case err != nil:
			return fmt.Errorf("setting key %s: %w", schemaKey, err)
		case created:
			report("set key " + schemaKey)
		default:
			report("key " + schemaKey + " already exists")
		}
		return nil
	})
}

func (v valkey) close() { _ = v.client.Close() }
