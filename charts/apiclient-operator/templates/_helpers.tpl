{{- define "apiclient.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if hasPrefix .Release.Name .Chart.Name -}}
{{- .Chart.Name -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "apiclient.registryName" -}}
{{ include "apiclient.fullname" . }}-registry
{{- end -}}

{{- define "apiclient.tokenSecret" -}}
{{ include "apiclient.registryName" . }}-admin
{{- end -}}

{{- define "apiclient.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "apiclient.fullname" .) }}
{{- end -}}

{{/* Of the whole chart; never in a selector. */}}
{{- define "apiclient.labels" -}}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "apiclient.operatorSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "apiclient.registrySelector" -}}
app.kubernetes.io/name: apiclient-registry
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "apiclient.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What Pod Security "restricted" asks of a Pod and of a container, and a read-only root file system. */}}
{{- define "apiclient.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "apiclient.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "apiclient.issuer" -}}
{{- if .Values.embeddedRegistry.issuer -}}
{{ .Values.embeddedRegistry.issuer }}
{{- else -}}
{{ ternary "https" "http" (ne .Values.embeddedRegistry.tlsSecretName "") }}://{{ include "apiclient.registryName" . }}.{{ .Release.Namespace }}.svc:9080
{{- end -}}
{{- end -}}

{{/* Of .rules those on .resources, or on all but these where .others is set; each with what it is asked for alone. */}}
{{- define "apiclient.rulesOn" -}}
{{- $found := list -}}
{{- range .rules -}}
{{- $resources := list -}}
{{- range .resources -}}{{- if ne (has . $.resources) ($.others | default false) -}}{{- $resources = append $resources . -}}{{- end -}}{{- end -}}
{{- if $resources -}}{{- $found = append $found (set (deepCopy .) "resources" $resources) -}}{{- end -}}
{{- end -}}
{{ toYaml $found }}
{{- end -}}

{{/* Of .rules what no Role can give, for .namespaces alone where that can be said. */}}
{{- define "apiclient.clusterRules" -}}
{{- $registries := include "apiclient.rulesOn" (dict "rules" .rules "resources" (list "clusterclientregistries" "clusterclientregistries/status")) | fromYamlArray -}}
{{- $namespaces := include "apiclient.rulesOn" (dict "rules" .rules "resources" (list "namespaces")) | fromYamlArray -}}
{{- range $namespaces -}}{{- $_ := set . "resourceNames" $.namespaces -}}{{- end -}}
{{ toYaml (concat $registries $namespaces) }}
{{- end -}}

{{/* Of .rules the others. */}}
{{- define "apiclient.namespacedRules" -}}
{{- include "apiclient.rulesOn" (dict "rules" .rules "resources" (list "clusterclientregistries" "clusterclientregistries/status" "namespaces") "others" true) -}}
{{- end -}}
