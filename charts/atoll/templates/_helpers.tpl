{{- /* atoll.fullname begins the names of all objects. The longest suffix has 35 characters. */}}
{{- define "atoll.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) -}}
{{- if gt (len $full) 28 -}}
{{- fail (printf "the name %q has more than 28 characters: set fullnameOverride to a shorter one" $full) -}}
{{- end -}}
{{- $full -}}
{{- end }}

{{- /* atoll.manager is the name of the Deployment and of what belongs to its pods. */}}
{{- define "atoll.manager" -}}
{{ include "atoll.fullname" . }}-controller-manager
{{- end }}

{{- /* atoll.selector has the labels of the manager's pods. The plugin finds the manager by them. */}}
{{- define "atoll.selector" -}}
app.kubernetes.io/name: atoll
control-plane: controller-manager
{{- end }}

{{- /* atoll.labels has the labels of all objects. */}}
{{- define "atoll.labels" -}}
app.kubernetes.io/name: atoll
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* atoll.image is the reference of the manager's image. */}}
{{- define "atoll.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* atoll.flags names the value for each flag of the manager that a value sets. */}}
{{- define "atoll.flags" -}}
leader-elect: leaderElection.enabled
metrics-bind-address: metrics.enabled
namespaces: namespaces
workers: workers
kube-api-qps: kubeAPIQPS
zap-log-level: logLevel
name-servers: nameServers
public-ports: publicPorts
rclone-image: rcloneImage
cloudnative-pg-namespace: cloudNativePGNamespace
{{- end }}

{{- /* atoll.args has the arguments of the manager. */}}
{{- define "atoll.args" -}}
{{- with .Values -}}
{{- if .leaderElection.enabled }}
- --leader-elect
{{- else if gt (int .replicas) 1 }}
{{- fail "replicas must be at most 1 without leaderElection.enabled: two active managers would overwrite each other" }}
{{- end }}
- --health-probe-bind-address=:8081
{{- if .metrics.enabled }}
- --metrics-bind-address=:8443
{{- end }}
{{- with .namespaces }}
- {{ printf "--namespaces=%s" (join "," .) | quote }}
{{- end }}
{{- with .workers }}
- --workers={{ int . }}
{{- end }}
{{- with .kubeAPIQPS }}
- --kube-api-qps={{ . }}
{{- end }}
{{- with .logLevel }}
- --zap-log-level={{ . }}
{{- end }}
{{- with .nameServers }}
- {{ printf "--name-servers=%s" (join "," .) | quote }}
{{- end }}
{{- with .publicPorts }}
{{- $pairs := list }}
{{- range $port, $public := . }}
{{- $pairs = append $pairs (printf "%s=%d" $port (int $public)) }}
{{- end }}
- {{ printf "--public-ports=%s" (join "," $pairs) | quote }}
{{- end }}
{{- with .rcloneImage }}
- {{ printf "--rclone-image=%s" . | quote }}
{{- end }}
{{- with .cloudNativePGNamespace }}
- {{ printf "--cloudnative-pg-namespace=%s" . | quote }}
{{- end }}
{{- range .extraArgs }}
{{- $flag := regexReplaceAll "^--([^=]*).*" . "${1}" }}
{{- if eq $flag "health-probe-bind-address" }}
{{- fail "extraArgs sets --health-probe-bind-address, on which the probes of the chart depend" }}
{{- end }}
{{- with get (include "atoll.flags" $ | fromYaml) $flag }}
{{- fail (printf "extraArgs sets --%s: set the value %s instead" $flag .) }}
{{- end }}
- {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- /* atoll.env has the variables of the manager. */}}
{{- define "atoll.env" -}}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if hasKey $.Values.env .name }}
{{- fail (printf "extraEnv sets %s, which env sets too: set env.%s to null" .name .name) }}
{{- end }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
