// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/controller"
)

var (
	scheme = runtime.NewScheme()
	// k8s reads and writes past every cache.
	k8s client.Client
	// watched reads Kubernetes' own kinds from a cache. What plays other
	// controllers in many namespaces at once reads with it: polling the API server
	// for them would leave the manager under test no processor.
	watched client.Reader
	// apiServer is how to reach the API server that the suite started.
	apiServer *rest.Config
	// requestsFor counts what the manager under test asks of the API server.
	requestsFor = &requestCounter{}
)

// className is a GatewayClass that exists.
const className = "simulated"

// suiteTimeout ends a test that hangs.
const suiteTimeout = 2 * time.Minute

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "Controllers")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(reconciled.logger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true))))
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	Expect(gatewayv1.Install(scheme)).To(Succeed())
	Expect(apiextensionsv1.AddToScheme(scheme)).To(Succeed())

	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases"), gatewayCRDs(), "testdata"},
		ErrorIfCRDPathMissing: true,
	}
	// The default range has room for 254 Services.
	environment.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	var err error
	apiServer, err = environment.Start()
	Expect(err).NotTo(HaveOccurred(), "envtest needs etcd and kube-apiserver: run it with make test, which sets KUBEBUILDER_ASSETS")
	DeferCleanup(environment.Stop)
	connect(apiServer)
	install(apiServer, "default")
	Expect(k8s.Create(context.Background(), &gatewayv1.GatewayClass{
		ObjectMeta: metav1.ObjectMeta{Name: className}, Spec: gatewayv1.GatewayClassSpec{ControllerName: "example.com/simulated"},
	})).To(Succeed())
	stopManager = startManager(apiServer, requestsFor)
	DeferCleanup(func() { stopManager() })
})

// connect makes the tests use an API server, until the suite or the test ends.
func connect(to *rest.Config) {
	GinkgoHelper()
	before, watchedBefore := k8s, watched
	DeferCleanup(func() { k8s, watched = before, watchedBefore })
	var err error
	k8s, err = client.New(to, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	c, err := cache.New(to, cache.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	watched = c
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Start(ctx) }()
	DeferCleanup(func() {
		cancel()
		Eventually(done).Should(Receive(BeNil()))
	})
}

// stopManager stops the manager under test.
var stopManager func()

// restartManager ends the manager under test and starts another one, which knows
// of nothing but the cluster.
func restartManager() {
	stopManager()
	stopManager = startManager(apiServer, requestsFor)
}

// gatewayCRDs is where the Go module of the Gateway API keeps its CRDs.
func gatewayCRDs() string {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	Expect(err).NotTo(HaveOccurred())
	return filepath.Join(strings.TrimSpace(string(dir)), "config", "crd", "standard")
}

// clockOffset is by how much the manager's clock is ahead.
var clockOffset atomic.Int64

func now() time.Time { return time.Now().Add(time.Duration(clockOffset.Load())) }

// startManager runs the controllers as cmd/main.go does, as the ServiceAccount that
// config/default installs, with every request going through transport. The returned
// function stops it. Without namespaces, it works in all.
func startManager(to *rest.Config, transport *requestCounter, namespaces ...string) (stop func()) {
	counted := asOperator(to)
	counted.QPS, counted.Burst = 1000, 2000
	counted.Wrap(transport.wrap)
	mgr, err := ctrl.NewManager(counted, ctrl.Options{
		Scheme:     scheme,
		Cache:      controller.CacheOptions(namespaces...),
		Client:     controller.ClientOptions(),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	Expect(err).NotTo(HaveOccurred())
	foreign, err := controller.NewForeignCache(mgr, namespaces...)
	Expect(err).NotTo(HaveOccurred())
	Expect(controller.Setup(mgr, foreign, controller.Settings{Workers: 4, RcloneImage: "rclone:1", NameServers: []string{nameServer}, Now: now, Namespaces: namespaces})).To(Succeed())

	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	return func() {
		cancel()
		Eventually(done).Should(Receive(BeNil()))
	}
}

// requestCounter stands between a manager and the API server. It counts the
// requests that are not watches, and makes those fail that a test wants to.
type requestCounter struct {
	mu    sync.Mutex
	seen  []string
	fault func(*http.Request) *http.Response
	// lose says of which requests that were answered the answer never arrives.
	lose func(*http.Request) bool
	// held are the resources whose watches tell nothing until the channel is closed.
	held map[string]chan struct{}
}

func (c *requestCounter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		c.mu.Lock()
		if r.URL.Query().Get("watch") != "true" {
			c.seen = append(c.seen, r.Method+" "+r.URL.Path)
		}
		fault, lose := c.fault, c.lose
		c.mu.Unlock()
		if fault != nil {
			if response := fault(r); response != nil {
				return response, nil
			}
		}
		response, err := next.RoundTrip(r)
		if err == nil && lose != nil && lose(r) {
			_ = response.Body.Close()
			return nil, io.ErrUnexpectedEOF
		}
		if err == nil && r.URL.Query().Get("watch") == "true" {
			response.Body = &watchBody{ReadCloser: response.Body, counter: c, resource: path.Base(r.URL.Path)}
		}
		return response, err
	})
}

// watchBody is what a watch tells.
type watchBody struct {
	io.ReadCloser
	counter  *requestCounter
	resource string
}

func (b *watchBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.counter.mu.Lock()
	held := b.counter.held[b.resource]
	b.counter.mu.Unlock()
	if held != nil {
		<-held
	}
	return n, err
}

// hold keeps from the manager what happens to a resource, such as secrets, until
// release is called or the test ends.
func (c *requestCounter) hold(resource string) (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := make(chan struct{})
	c.held = map[string]chan struct{}{resource: held}
	release = sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.held = nil
		close(held)
	})
	DeferCleanup(release)
	return release
}

// failWith makes requests fail as f says, until the test ends.
func (c *requestCounter) failWith(f func(*http.Request) *http.Response) {
	set := func(f func(*http.Request) *http.Response) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.fault = f
	}
	set(f)
	DeferCleanup(set, (func(*http.Request) *http.Response)(nil))
}

// answer is what the API server says when it fails a request.
func answer(r *http.Request, code int, reason metav1.StatusReason) *http.Response {
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"injected","reason":"` + string(reason) + `"}`)),
	}
}

// in lists the requests so far that were about a namespace.
func (c *requestCounter) in(namespace string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for _, request := range c.seen {
		if strings.Contains(request, "/namespaces/"+namespace+"/") {
			found = append(found, request)
		}
	}
	return found
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var namespaces int

// newNamespace makes a namespace for one test. envtest never deletes one, so
// that each test has its own.
func newNamespace(ctx context.Context) string {
	namespaces++
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("test-%d", namespaces)}}
	Expect(k8s.Create(ctx, ns)).To(Succeed())
	return ns.Name
}
