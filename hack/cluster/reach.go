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
	_, err := getStatus(ctx, url)
	return err
}

// checkRegistry returns an error unless a registry is ready.
func checkRegistry(ctx context.Context, registry string) error {
	status, err := getStatus(ctx, "http://"+registry+"/v2/")
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("the registry responded with status %d %s", status, http.StatusText(status))
	}
	return nil
}

// getStatus sends a GET request, reads the response and returns its status code.
func getStatus(ctx context.Context, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := localClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
