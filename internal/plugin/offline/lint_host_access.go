// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/atoll-dev/atoll/internal/kube"
)

// CodeHostAccess says that the pods reach the host.
const CodeHostAccess = "HostAccess"

// hostAccess finds what the admission policy host-access refuses: what the Pod Security
// Standard baseline forbids.
func (l *linter) hostAccess(objects []kube.Object, report func(severity Severity, code, message string)) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	for _, o := range objects {
		d, is := o.(*appsv1.Deployment)
		if !is {
			continue
		}
		template := &d.Spec.Template
		var found []string
		for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelBaseline, Version: api.LatestVersion()}, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				found = append(found, strings.TrimSpace(result.ForbiddenReason+" "+result.ForbiddenDetail))
			}
		}
		known, given := l.world.namespaces[d.Namespace]
		if len(found) == 0 || known[api.EnforceLevelLabel] == string(api.LevelPrivileged) {
			continue
		}
		severity := SeverityWarning
		if given {
			severity = SeverityError
		}
		report(severity, CodeHostAccess, "the pods reach the host: "+strings.Join(found, ", ")+"; to fix: remove it from podTemplate or probes, or let an administrator label the namespace with "+
			api.EnforceLevelLabel+": "+string(api.LevelPrivileged))
	}
	return nil
}
