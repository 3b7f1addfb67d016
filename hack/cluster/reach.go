package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// localClient sends requests to this machine and ignores proxy variables.
var localClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}

// checkResponds returns an error unless a web server responds with any status. A gateway
// without routes responds with 404.
func checkResponds(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := localClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// checkRegistry returns an error unless a registry is ready.
func checkRegistry(ctx context.Context, registry string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+registry+"/v2/", nil)
	if err != nil {
		return err
	}
	resp, err := localClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the registry responded with status %s", resp.Status)
	}
	return nil
}
