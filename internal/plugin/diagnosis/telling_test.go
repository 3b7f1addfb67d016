// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestTellingLine has the ends of logs of several runtimes, and what their last words are.
func TestTellingLine(t *testing.T) {
	frames := strings.Repeat("    at Module._compile (node:internal/modules/cjs/loader:1554:14)\n", 12)
	for name, tc := range map[string]struct{ log, want string }{
		"Node, with a trailer": {
			"/app/server.js:3\n  throw new Error('STOCK_URL is not set');\n  ^\n\nError: STOCK_URL is not set\n" + frames + "\nNode.js v20.20.2\n",
			"Error: STOCK_URL is not set"},
		"Node, with the properties of a system error": {
			"node:events:497\n      throw er; // Unhandled 'error' event\n      ^\n\nError: listen EADDRINUSE: address already in use :::8080\n    at Server.setupListenHandle [as _listen2] (node:net:1908:16)\n" +
				"Emitted 'error' event on Server instance at:\n    at emitErrorNT (node:net:1887:8) {\n  code: 'EADDRINUSE',\n  errno: -98,\n  syscall: 'listen',\n  port: 8080\n}\n\nNode.js v22.3.0",
			"Error: listen EADDRINUSE: address already in use :::8080"},
		"Node, with a cause": {
			"TypeError: fetch failed\n    at node:internal/deps/undici/undici:12618:11\n    at async main (/app/a.js:2:3) {\n  [cause]: Error: connect ECONNREFUSED 10.96.3.7:80\n      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16) {\n    errno: -111,\n    code: 'ECONNREFUSED',\n    syscall: 'connect'\n  }\n}\n\nNode.js v20.20.2",
			"Error: connect ECONNREFUSED 10.96.3.7:80"},
		"Node under npm": {
			"Error: Cannot find module '/app/main.js'\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15) {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: []\n}\n\nNode.js v20.20.2\nnpm error Lifecycle script `start` failed with error:\nnpm error code 1",
			"Error: Cannot find module '/app/main.js'"},
		"Node, without a stack": {
			"node:internal/process/promises:394\n      triggerUncaughtException(err, true /* fromPromise */);\n      ^\n\n[UnhandledPromiseRejection: This error originated by rejecting a promise; reason \"no queue\".] {\n  code: 'ERR_UNHANDLED_REJECTION'\n}\n\nNode.js v20.20.2",
			`[UnhandledPromiseRejection: This error originated by rejecting a promise; reason "no queue".] {`},
		"Python": {
			"INFO starting\nTraceback (most recent call last):\n  File \"/app/main.py\", line 9, in <module>\n    port = os.environ[\"PORT\"]\n           ~~~~~~~~~~^^^^^^^^\n  File \"<frozen os>\", line 714, in __getitem__\nKeyError: 'PORT'\n",
			"KeyError: 'PORT'"},
		"Python, with a later line of the server": {
			"Traceback (most recent call last):\n  File \"/app/a.py\", line 2, in connect\n    raise RuntimeError(\"queue is gone\")\nRuntimeError: queue is gone\n\nERROR:    Application startup failed. Exiting.",
			"RuntimeError: queue is gone"},
		"Python, an error during another one": {
			"Traceback (most recent call last):\n  File \"/app/a.py\", line 2, in f\n    a()\nValueError: bad\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"/app/a.py\", line 4, in f\n    b()\npsycopg.OperationalError: connection failed: no route to host\nDETAIL: x",
			"psycopg.OperationalError: connection failed: no route to host"},
		"Python, a syntax error": {
			"  File \"/app/a.py\", line 3\n    x = (\n        ^\nSyntaxError: '(' was never closed", "SyntaxError: '(' was never closed"},
		"Java, with causes": {
			"2026-05-04 11:59:01 ERROR o.s.b.SpringApplication - Application run failed\norg.example.BeanCreationException: could not create bean 'db'\n\tat org.example.Factory.create(Factory.java:12)\n\tat org.example.Main.main(Main.java:5)\n" +
				"Caused by: org.example.PoolException: pool is empty\n\tat org.example.Pool.get(Pool.java:9)\n\t... 2 more\nCaused by: java.net.UnknownHostException: orders-db?ssl=true\n\tat java.base/java.net.InetAddress.get(InetAddress.java:1)\n\t... 3 more",
			"java.net.UnknownHostException: orders-db?ssl=true"},
		"Java, with three levels": {
			"org.example.StartException: could not start\n\tat org.example.Main.main(Main.java:5)\nCaused by: org.example.PoolException: pool is empty\n\tat org.example.Pool.get(Pool.java:9)\n\t... 1 more\n" +
				"Caused by: java.net.UnknownHostException: orders-db\n\tat java.base/java.net.InetAddress.get(InetAddress.java:1)\n\t... 2 more",
			"java.net.UnknownHostException: orders-db"},
		"Java, of a thread": {
			"Exception in thread \"main\" java.lang.IllegalStateException: LEDGER_URL is missing\n\tat org.example.Main.main(Main.java:5)",
			"java.lang.IllegalStateException: LEDGER_URL is missing"},
		"Spring Boot": {
			"***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\nWeb server failed to start. Port 8080 was already in use.\n\nAction:\n\nStop the process.",
			"Web server failed to start. Port 8080 was already in use."},
		"Go panic": {
			"panic: missing QUEUE\n\ngoroutine 1 [running]:\npanic({0x4a1b20, 0xc000012090})\n\t/usr/local/go/src/runtime/panic.go:770 +0x132\nmain.main()\n\t/src/main.go:9 +0x25\nexit status 2",
			"panic: missing QUEUE"},
		"Go panic after one that was recovered": {
			"http: panic serving 10.1.0.3:5000: boom\ngoroutine 7 [running]:\nmain.f()\n\t/src/a.go:1\npanic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:9 +0x25",
			"panic: runtime error: invalid memory address or nil pointer dereference"},
		"Go, fatal error of the runtime": {
			"fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/src/main.go:5 +0x25", "fatal error: all goroutines are asleep - deadlock!"},
		"Ruby": {
			"/app/config.rb:4:in `fetch': key not found: \"STOCK_URL\" (KeyError)\n\tfrom /app/config.rb:4:in `load'\n\tfrom /app/main.rb:1:in `<main>'",
			`key not found: "STOCK_URL" (KeyError)`},
		"Ruby of a later version": {
			"/usr/lib/ruby/3.4.0/net.rb:9:in 'Kernel#require': cannot load such file -- pg (LoadError)\n\tfrom /app/main.rb:1:in '<main>'",
			"cannot load such file -- pg (LoadError)"},
		".NET": {
			"Unhandled exception. System.InvalidOperationException: The host failed\n ---> System.Net.Sockets.SocketException (111): Connection refused\n   at System.Net.Sockets.Socket.Connect() in /_/Socket.cs:line 12\n   --- End of inner exception stack trace ---\n   at Program.Main() in /src/Program.cs:line 4",
			"System.Net.Sockets.SocketException (111): Connection refused"},
		"Rust": {
			"thread 'main' panicked at src/main.rs:4:5:\nQUEUE is not set\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace", "QUEUE is not set"},
		"Rust, with a backtrace": {
			"thread 'main' panicked at src/main.rs:4:5:\nQUEUE is not set\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/a/library/std/src/panicking.rs:645:5\n   1: core::panicking::panic_fmt\nnote: Some details are omitted", "QUEUE is not set"},
		"a fatal error after a stack trace that was handled": {
			"java.io.IOException: retrying\n\tat org.example.A.b(A.java:1)\nFATAL no licence", "FATAL no licence"},
		"an error after a stack trace that was handled": {
			"java.io.IOException: retrying\n\tat org.example.A.b(A.java:1)\nINFO connected\nINFO started\nERROR config: STOCK_URL is missing",
			"ERROR config: STOCK_URL is missing"},
		"an error after a stack trace that was handled, in a JSON log": {
			"java.io.IOException: retrying\n\tat org.example.A.b(A.java:1)\n{\"level\":30,\"msg\":\"connected\"}\n{\"level\":50,\"msg\":\"STOCK_URL is missing, an error\"}",
			"STOCK_URL is missing, an error"},
		"an error long after a stack trace": {
			"java.io.IOException: retrying\n\tat org.example.A.b(A.java:1)\n" + strings.Repeat("GET /orders 200\n", 40) + "STOCK_URL not found", "STOCK_URL not found"},
		"an error long after a fatal one that was handled": {
			"FATAL: the database system is starting up\n" + strings.Repeat("GET /orders 200\n", 40) + `ERROR: relation "orders" does not exist`,
			`ERROR: relation "orders" does not exist`},
		"a fatal error before the program shuts down": {
			"FATAL: no licence\nINFO shutting down\nINFO pool closed\nerror: exit 1", "FATAL: no licence"},
		"a second stack trace whose error follows other words": {
			"Error: connect ECONNREFUSED 10.96.3.7:80\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16)\nconnected\nfailed to start: Error: STOCK_URL is not set\n    at main (/app/a.js:2:3)\n",
			"failed to start: Error: STOCK_URL is not set"},
		"a second stack trace whose error has no class": {
			"Error: connect ECONNREFUSED 10.96.3.7:80\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16)\nno STOCK_URL\n    at main (/app/a.js:2:3)\n",
			"no STOCK_URL"},
		"a message of several lines before its frames": {
			"Error: Cannot find module './stock'\nRequire stack:\n- /app/main.js\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)\n", "Error: Cannot find module './stock'"},
		"the stack trace at the end of a log, long": {
			"INFO started\nError: no queue\n" + frames + frames, "Error: no queue"},
		"an error without a stack": {"starting\nERROR: no such table: orders\nbye", "ERROR: no such table: orders"},
		"JSON with a nested error": {`{"level":50,"err":{"type":"Error","message":"no queue"},"msg":"start failed"}`, "start failed: no queue"},
		"nothing":                  {"", ""},
		"only a trailer":           {"Node.js v20.20.2", "Node.js v20.20.2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lastWords(tail(tc.log)); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// TestCausesAreNotHandled checks that no level of a stack trace counts as an error that the
// program handled.
func TestCausesAreNotHandled(t *testing.T) {
	const levels = "org.example.StartException: could not start\n%[1]sat org.example.Main.main(Main.java:5)\nCaused by: org.example.PoolException: pool is empty\n%[1]sat org.example.Pool.get(Pool.java:9)\n%[1]s... 1 more\n" +
		"Caused by: java.net.UnknownHostException: orders-db\n%[1]sat java.base/java.net.InetAddress.get(InetAddress.java:1)\n%[1]s... 2 more"
	for name, log := range map[string]string{
		"tabs":                         fmt.Sprintf(levels, "\t"),
		"spaces":                       fmt.Sprintf(levels, "    "),
		"a joint that is not indented": "Error: no queue\n    at a (/app/a.js:1:1)\nEmitted 'timeout' event on Socket instance at:\nError: connect ECONNREFUSED\n    at c (/app/a.js:3:3)",
	} {
		if got := handledUntil(strings.Split(log, "\n")); got != 0 {
			t.Errorf("%s: the lines before %d count as handled", name, got)
		}
	}
}

// TestErrorFarAboveTheEnd checks that a finding shows the error above a long stack trace.
func TestErrorFarAboveTheEnd(t *testing.T) {
	log := "Error: EROFS: read-only file system, open '/app/cache'\n" + strings.Repeat("    at f (node:internal/a:1:1)\n", 30) + "\nNode.js v20.20.2"
	w := crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(4, "Error", 1))).log("p", true, log)
	root := Diagnose(w.Evidence).Root()
	if root.Fault != "ReadOnlyFilesystem" {
		t.Errorf("the fault is %+v", root)
	}
	if lines := root.Proof[0].Lines; len(lines) != shownLines || !strings.HasPrefix(lines[0], "Error: EROFS") {
		t.Errorf("shown are %q", lines)
	}
}

// TestHandledErrorsAreNoCause checks that an error that a program handled decides neither the
// fault nor the service that is blamed.
func TestHandledErrorsAreNoCause(t *testing.T) {
	for name, log := range map[string]string{
		"before the program went on": "%s\n\tat org.example.A.b(A.java:1)\nINFO connected\nINFO started\nERROR config: STOCK_URL is missing",
		"far above the end":          "%s\n\tat org.example.A.b(A.java:1)\n" + strings.Repeat("GET /orders 200\n", 40) + "ERROR config: STOCK_URL is missing",
		"before another stack trace": "%s\n\tat org.example.A.b(A.java:1)\nconnected\njava.lang.IllegalStateException: STOCK_URL is missing\n\tat org.example.Main.main(Main.java:5)",
	} {
		t.Run(name, func(t *testing.T) {
			crash := func(handled string) world {
				return crashing().pods(pod("p", svc, waits("CrashLoopBackOff", ""), crashed(4, "Error", 1))).log("p", true, fmt.Sprintf(log, handled))
			}
			for handled, w := range map[string]world{
				"EROFS":  crash("java.io.IOException: EROFS: read-only file system, open '/app/cache'"),
				"//user": callsUsers(crash("java.net.ConnectException: connecting to http://users:80/ failed")),
			} {
				root := Diagnose(w.Evidence).Root()
				if root == nil || root.Fault != "CrashLoop" || !strings.Contains(root.Cause, "STOCK_URL is missing") {
					t.Errorf("with %s the fault is %+v", handled, root)
				}
			}
		})
	}
}

// callsUsers gives a service an optional dependency on one that is down.
func callsUsers(w world) world {
	w.Services = append(w.Services, down())
	return w.calls(v1alpha1.Dependency{Name: "users", Optional: ptr.To(true)})
}
