// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/condition"
)

// CodeUnsetVariable says that a value names a variable that nothing sets.
const CodeUnsetVariable = "UnsetVariable"

// variables are those of one container.
type variables struct {
	// set has the variables that are set. The value is nil if only the cluster knows it.
	set map[string]*string
	// complete is false if a ConfigMap or Secret that is not in the files may set more.
	complete bool
	// links says that the kubelet adds the addresses of the namespace's Services.
	links bool
}

// variables finds $(NAME) in env, command and args that nothing sets: Kubernetes leaves the
// text as it is. It replaces the others by their values where these are known.
func (p *podLint) variables() {
	for _, c := range p.containers() {
		known := p.variablesFrom(p.pods, c.EnvFrom)
		for i := range c.Env {
			v := &c.Env[i]
			text, unset := known.expand(v.Value)
			for _, name := range unset {
				p.unsetInEnv(c, v.Name, name, known)
			}
			v.Value = text
			known.set[v.Name] = p.valueOf(v)
		}
		p.expandCommand(c, "command", c.Command, known)
		p.expandCommand(c, "args", c.Args, known)
	}
}

// migrationVariables does the same for the command of a migration.
func (p *podLint) migrationVariables(pods *corev1.PodSpec) {
	migration := p.ms.Spec.Database.Migration
	for i := range pods.Containers {
		c := pods.Containers[i].DeepCopy()
		known := p.variablesFrom(pods, c.EnvFrom)
		for j := range c.Env {
			known.set[c.Env[j].Name] = nil
		}
		p.expandTexts("spec.database.migration.command", slices.Clone(migration.Command), known)
		p.expandTexts("spec.database.migration.args", slices.Clone(migration.Args), known)
	}
}

func (p *podLint) expandCommand(c *corev1.Container, field string, texts []string, known *variables) {
	at := field
	if len(p.overlay[c.Name].Command) > 0 && field == "command" || len(p.overlay[c.Name].Args) > 0 && field == "args" {
		at = ""
	}
	p.expandTexts(p.fieldOf(c, at, field), texts, known)
}

// shellCommand matches what may be a command that a shell replaces by its output, such as
// $(date): names of programs are in lower case.
var shellCommand = regexp.MustCompile(`[^A-Z0-9_]`)

func (p *podLint) expandTexts(field string, texts []string, known *variables) {
	for i := range texts {
		text, unset := known.expand(texts[i])
		texts[i] = text
		for _, name := range unset {
			if !shellCommand.MatchString(name) {
				p.unset(fmt.Sprintf("%s[%d]", field, i), name, namesUnset(name, "which nothing sets"), known)
			}
		}
	}
}

func (p *podLint) unsetInEnv(c *corev1.Container, variable, name string, known *variables) {
	named := func(v corev1.EnvVar) bool { return v.Name == variable }
	setLater := slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == name })
	if shellCommand.MatchString(name) && !setLater {
		return
	}
	field := p.fieldOf(c, "", "env")
	switch {
	case c.Name != p.ms.Name || slices.ContainsFunc(p.overlay[c.Name].Env, named):
	case slices.ContainsFunc(p.ms.Spec.Env, named):
		field = p.fieldOf(c, "env", "env")
	default:
		field = topologyDefaults + ".env of the Topology: env"
	}
	cause := namesUnset(name, "which nothing sets")
	switch {
	case name == variable:
		cause = "names itself, and env replaces the variable of that name"
	case setLater:
		cause = namesUnset(name, "which is set after it")
	}
	p.unset(fmt.Sprintf("%s[%s]", field, variable), name, cause, known)
}

// namesUnset says that a value names a variable, and why the variable has no value.
func namesUnset(name, why string) string { return fmt.Sprintf("names $(%s), %s", name, why) }

func (p *podLint) unset(field, name, cause string, known *variables) {
	cause += ", so the text stays as it is"
	if other := closest(name, slices.Collect(maps.Keys(known.set))); other != "" {
		cause += fmt.Sprintf("; did you mean $(%s)?", other)
	}
	p.report(SeverityWarning, CodeUnsetVariable, field, condition.Message{
		Cause: cause, Remedy: fmt.Sprintf("set %s before it in env, or write $$(%s) if the text is meant", name, name)}.String())
}

// variablesFrom returns the variables that ConfigMaps and Secrets set as a whole.
func (p *podLint) variablesFrom(pods *corev1.PodSpec, sources []corev1.EnvFromSource) *variables {
	known := &variables{set: map[string]*string{}, complete: true, links: ptr.Deref(pods.EnableServiceLinks, true)}
	for i := range sources {
		from, kind, name := &sources[i], "", ""
		switch {
		case from.ConfigMapRef != nil:
			kind, name = "ConfigMap", from.ConfigMapRef.Name
		case from.SecretRef != nil:
			kind, name = "Secret", from.SecretRef.Name
		}
		content, given := p.contentOf(kind, name)
		known.complete = known.complete && given
		for key, value := range content {
			known.set[from.Prefix+key] = textOf(kind, value)
		}
	}
	return known
}

// valueOf returns the value of a variable; nil if only the cluster knows it.
func (p *podLint) valueOf(v *corev1.EnvVar) *string {
	switch from := v.ValueFrom; {
	case from == nil:
		return &v.Value
	case from.ConfigMapKeyRef != nil:
		if content, _ := p.contentOf("ConfigMap", from.ConfigMapKeyRef.Name); content != nil {
			return textOf("ConfigMap", content[from.ConfigMapKeyRef.Key])
		}
	}
	return nil
}

func (p *podLint) contentOf(kind, name string) (content map[string][]byte, given bool) {
	content, given = p.world.contents[reference{kind, types.NamespacedName{Namespace: p.ms.Namespace, Name: name}}]
	return content, given
}

// textOf returns a value of a ConfigMap. Those of Secrets are shown nowhere.
func textOf(kind string, value []byte) *string {
	if kind != "ConfigMap" || value == nil {
		return nil
	}
	text := string(value)
	return &text
}

// variableName is the syntax of names that $(NAME) usually has. Kubernetes permits more.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces $(NAME) by values, as the kubelet does, and returns the names that nothing
// sets. A value that only the cluster knows stays as it is.
func (k *variables) expand(text string) (expanded string, unset []string) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String(), unset
		}
		if after, escaped := strings.CutPrefix(rest, "$"); escaped {
			out.WriteString("$")
			text = after
			continue
		}
		name, after, closed := strings.Cut(strings.TrimPrefix(rest, "("), ")")
		if !strings.HasPrefix(rest, "(") || !closed || !variableName.MatchString(name) {
			out.WriteString("$")
			text = rest
			continue
		}
		value, set := k.set[name]
		switch {
		case value != nil:
			out.WriteString(*value)
		default:
			out.WriteString("$(" + name + ")")
			if !set && k.complete && !k.fromKubelet(name) {
				unset = append(unset, name)
			}
		}
		text = after
	}
}

// serviceLink matches the names of the variables that the kubelet makes of a Service.
var serviceLink = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$`)

// fromKubelet reports whether the kubelet may set a variable: the address of the API server, or
// that of another Service.
func (k *variables) fromKubelet(name string) bool {
	return strings.HasPrefix(name, "KUBERNETES_") || k.links && serviceLink.MatchString(name)
}
