//go:build e2e

/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// expectRotates changes a service's password twice, so that each of its two
// users has its turn.
func expectRotates(ctx context.Context, n *notes) {
	GinkgoHelper()
	first := bindingOf(ctx, n)
	expectLogin(ctx, n, first)
	stream := startTraffic(ctx, n)
	rotate(ctx, n, "first")
	second := bindingOf(ctx, n)
	rotate(ctx, n, "second")
	third := bindingOf(ctx, n)
	stream.expectUnharmed()

	expectLogin(ctx, n, third)
	expectNoLogin(ctx, n, first)
	expectNoLogin(ctx, n, second)
	n.expectKept(ctx)
}

// rotate asks for a new password and waits until the old one is of no use.
func rotate(ctx context.Context, n *notes, value string) {
	GinkgoHelper()
	old, user := bindingOf(ctx, n), n.user(ctx)
	change(ctx, n.live(), func(ms *v1alpha1.Microservice) {
		metav1.SetMetaDataAnnotation(&ms.ObjectMeta, v1alpha1.AnnotationRotateCredentials, value)
	})
	next := inNamespace(n, names.NextSecret(n.name()), &corev1.Secret{})
	Eventually(ctx, func(g Gomega) {
		secret := bindingOf(ctx, n)
		g.Expect(secret.Annotations).To(HaveKeyWithValue(inputs.AnnotationRotated, value))
		g.Expect(secret.Data[engine.KeyPassword]).NotTo(Equal(old.Data[engine.KeyPassword]))
		g.Expect(apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(next), &corev1.Secret{}))).To(BeTrue(), "Secret %s is still there", next.Name)
	}).Should(Succeed(), n.name())
	eventuallyHas(ctx, n.live(), v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
	eventuallyReady(ctx, n.live())

	expectNoLogin(ctx, n, old)
	if n.spec.Spec.Database.Engine == v1alpha1.EngineValkey {
		// It has one user, who can have several passwords.
		Expect(n.user(ctx)).To(Equal(user), n.name())
	} else {
		Expect(n.user(ctx)).NotTo(Equal(user), n.name())
	}
}

func bindingOf(ctx context.Context, n *notes) *corev1.Secret {
	GinkgoHelper()
	secret := inNamespace(n, names.Database(n.name()), &corev1.Secret{})
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
	return secret
}

func expectLogin(ctx context.Context, n *notes, binding *corev1.Secret) {
	GinkgoHelper()
	Expect(login(ctx, n, binding)).To(Succeed(), n.name())
}

// expectNoLogin expects the server to refuse what a Secret held, and nothing
// else to be the reason.
func expectNoLogin(ctx context.Context, n *notes, binding *corev1.Secret) {
	GinkgoHelper()
	Expect(login(ctx, n, binding)).To(MatchError(ContainSubstring(map[v1alpha1.DatabaseEngine]string{
		v1alpha1.EnginePostgreSQL: "password authentication failed",
		v1alpha1.EngineMariaDB:    "Access denied",
		v1alpha1.EngineValkey:     "WRONGPASS",
	}[n.spec.Spec.Database.Engine])), "%s: the old password works", n.name())
}

// login tries what a Secret holds with the engine's own client, over the pod's
// address: over the loopback some let everybody in.
func login(ctx context.Context, n *notes, binding *corev1.Secret) error {
	GinkgoHelper()
	pod := inNamespace(n, names.Database(n.name())+"-0", &corev1.Pod{})
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod)).To(Succeed())
	value := func(key string) string { return string(binding.Data[key]) }
	command := map[v1alpha1.DatabaseEngine]string{
		v1alpha1.EnginePostgreSQL: `PGPASSWORD=$2 psql -h "$0" -U "$1" -d "$3" -c "SELECT 1"`,
		v1alpha1.EngineMariaDB:    `MYSQL_PWD=$2 mariadb --protocol=tcp --skip-ssl-verify-server-cert -h "$0" -u "$1" "$3" -e "SELECT 1"`,
		v1alpha1.EngineValkey:     `valkey-cli -e --no-auth-warning -h "$0" --user "$1" -a "$2" PING`,
	}[n.spec.Spec.Database.Engine]
	_, err := kubectl(ctx, "-n", pod.Namespace, "exec", pod.Name, "-c", engine.ContainerName, "--", "sh", "-c", command,
		pod.Status.PodIP, value(engine.KeyUsername), value(engine.KeyPassword), value(engine.KeyDatabase))
	return err
}
