//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"

	"github.com/atoll-dev/atoll/internal/inputs"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/names"
)

// expectRotation rotates the password twice, so that each of the two users is
// rotated once.
func expectRotation(ctx context.Context, n *notesService) {
	GinkgoHelper()
	first := bindingSecret(ctx, n)
	expectLogin(ctx, n, first)
	stream := startTraffic(ctx, n)
	rotate(ctx, n, "first")
	second := bindingSecret(ctx, n)
	rotate(ctx, n, "second")
	third := bindingSecret(ctx, n)
	stream.expectNoFailures()

	expectLogin(ctx, n, third)
	expectLoginRefused(ctx, n, first)
	expectLoginRefused(ctx, n, second)
	n.expectKept(ctx)
}

// rotate requests a new password and waits until the server refuses the old one.
func rotate(ctx context.Context, n *notesService, value string) {
	GinkgoHelper()
	old, user := bindingSecret(ctx, n), n.databaseUser(ctx)
	update(ctx, n.key(), func(ms *v1alpha1.Microservice) {
		metav1.SetMetaDataAnnotation(&ms.ObjectMeta, v1alpha1.AnnotationRotateCredentials, value)
	})
	next := withKey(n, names.NextSecret(n.name()), &corev1.Secret{})
	Eventually(ctx, func(g Gomega) {
		secret := bindingSecret(ctx, n)
		g.Expect(secret.Annotations).To(HaveKeyWithValue(inputs.AnnotationRotated, value))
		g.Expect(secret.Data[engine.KeyPassword]).NotTo(Equal(old.Data[engine.KeyPassword]))
		g.Expect(apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(next), &corev1.Secret{}))).To(BeTrue(), "Secret %s still exists", next.Name)
	}).Should(Succeed(), n.name())
	eventuallyHas(ctx, n.key(), v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
	eventuallyReady(ctx, n.key())

	expectLoginRefused(ctx, n, old)
	if n.spec.Spec.Database.Engine == v1alpha1.EngineValkey {
		// Valkey has one user, which can have several passwords.
		Expect(n.databaseUser(ctx)).To(Equal(user), n.name())
	} else {
		Expect(n.databaseUser(ctx)).NotTo(Equal(user), n.name())
	}
}

func bindingSecret(ctx context.Context, n *notesService) *corev1.Secret {
	GinkgoHelper()
	secret := withKey(n, names.Database(n.name()), &corev1.Secret{})
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
	return secret
}

func expectLogin(ctx context.Context, n *notesService, binding *corev1.Secret) {
	GinkgoHelper()
	Expect(login(ctx, n, binding)).To(Succeed(), n.name())
}

// expectLoginRefused expects the server to refuse the credentials of a Secret. Any
// other error fails.
func expectLoginRefused(ctx context.Context, n *notesService, binding *corev1.Secret) {
	GinkgoHelper()
	Expect(login(ctx, n, binding)).To(MatchError(ContainSubstring(map[v1alpha1.DatabaseEngine]string{
		v1alpha1.EnginePostgreSQL: "password authentication failed",
		v1alpha1.EngineMariaDB:    "Access denied",
		v1alpha1.EngineValkey:     "WRONGPASS",
	}[n.spec.Spec.Database.Engine])), "%s: the server accepts an old password", n.name())
}

// login logs in with the credentials of a Secret and the engine's client. It uses
// the pod IP, because some engines accept any password over loopback.
func login(ctx context.Context, n *notesService, binding *corev1.Secret) error {
	GinkgoHelper()
	pod := withKey(n, names.Database(n.name())+"-0", &corev1.Pod{})
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
