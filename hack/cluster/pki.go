package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// identity describes a certificate that one of the cluster's authorities signs.
type identity struct {
	name          string // of the files
	commonName    string
	organizations []string
	hosts         []string // names and addresses of a server; empty for a client
}

func identities() []identity {
	return []identity{
		{name: "apiserver", commonName: "kube-apiserver", hosts: []string{
			"localhost", "127.0.0.1", nodeIP, apiServiceIP, "kubernetes", "kubernetes.default",
			"kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}},
		{name: "kubelet-server", commonName: nodeName, hosts: []string{nodeName, nodeIP, "127.0.0.1"}},
		{name: "apiserver-kubelet-client", commonName: "kube-apiserver-kubelet-client", organizations: []string{"system:masters"}},
		{name: "admin", commonName: "atoll-admin", organizations: []string{"system:masters"}},
		{name: "kube-controller-manager", commonName: "system:kube-controller-manager"},
		{name: "kube-scheduler", commonName: "system:kube-scheduler"},
		{name: "kubelet", commonName: "system:node:" + nodeName, organizations: []string{"system:nodes"}},
		{name: "kube-proxy", commonName: "system:kube-proxy"},
		{name: "kube-router", commonName: "kube-router"},
	}
}

// writePKI creates the missing authorities, certificates and keys.
func writePKI(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := ensureAuthority(dir, "ca")
	if err != nil {
		return err
	}
	for _, id := range identities() {
		if err := ca.ensure(dir, id); err != nil {
			return fmt.Errorf("creating the certificate of %s: %w", id.name, err)
		}
	}
	// Aggregated API servers trust a separate authority, so that a client certificate
	// of the cluster can't impersonate the API server.
	front, err := ensureAuthority(dir, "front-proxy-ca")
	if err != nil {
		return err
	}
	if err := front.ensure(dir, identity{name: "front-proxy-client", commonName: "front-proxy-client"}); err != nil {
		return fmt.Errorf("creating the front proxy's certificate: %w", err)
	}
	return ensureServiceAccountKey(dir)
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func ensureAuthority(dir, name string) (authority, error) {
	certPath, keyPath := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	if !exists(keyPath) || !exists(certPath) {
		key, err := newKey()
		if err != nil {
			return authority{}, err
		}
		cert := certificateFor("atoll-"+name, nil)
		cert.IsCA, cert.BasicConstraintsValid = true, true
		cert.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
		if err := writePair(certPath, keyPath, cert, cert, key, key); err != nil {
			return authority{}, err
		}
	}
	cert, err := readCertificate(certPath)
	if err != nil {
		return authority{}, err
	}
	key, err := readKey(keyPath)
	return authority{cert: cert, key: key}, err
}

func (a authority) ensure(dir string, id identity) error {
	certPath, keyPath := filepath.Join(dir, id.name+".crt"), filepath.Join(dir, id.name+".key")
	if exists(certPath) && exists(keyPath) {
		return nil
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	cert := certificateFor(id.commonName, id.organizations)
	cert.KeyUsage = x509.KeyUsageDigitalSignature
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, host := range id.hosts {
		cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if ip := net.ParseIP(host); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, host)
		}
	}
	return writePair(certPath, keyPath, cert, a.cert, key, a.key)
}

func ensureServiceAccountKey(dir string) error {
	path := filepath.Join(dir, "service-account.key")
	if exists(path) {
		return nil
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	return writeKey(path, key)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func certificateFor(commonName string, organizations []string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand never fails on a working system.
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName, Organization: organizations},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
	}
}

// writePair writes the certificate first; the presence of the key completes the pair.
func writePair(certPath, keyPath string, cert, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	// A key from an interrupted run would not match the new certificate.
	if err := os.Remove(keyPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeFile(certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	return writeKey(keyPath, key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func readCertificate(path string) (*x509.Certificate, error) {
	der, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	der, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	return x509.ParseECPrivateKey(der)
}

// readPEM returns the bytes of the first PEM block in a file.
func readPEM(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s contains no PEM block", path)
	}
	return block.Bytes, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// kubeconfig renders the kubeconfig of one of the identities.
func kubeconfig(pkiDir, user, server string) ([]byte, error) {
	data := map[string]string{"Server": server, "User": user}
	for key, file := range map[string]string{"CA": "ca.crt", "Certificate": user + ".crt", "Key": user + ".key"} {
		raw, err := os.ReadFile(filepath.Join(pkiDir, file))
		if err != nil {
			return nil, err
		}
		data[key] = base64.StdEncoding.EncodeToString(raw)
	}
	return renderTemplate("config/kubeconfig.yaml", data)
}
