{{/* What things are called. */}}
{{- define "lab.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "lab.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "lab.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "lab.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* ClusterRoles and policies are everybody's: two labs in two namespaces must not share one. */}}
{{- define "lab.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "lab.fullname" .) -}}
{{- end -}}

{{- define "lab.selector" -}}
app.kubernetes.io/name: {{ include "lab.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lab.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "lab.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: pyk8s-lab
{{- end -}}

{{- define "lab.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "lab.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Of the lab's own keys. */}}
{{- define "lab.secret" -}}
{{- default (include "lab.fullname" .) .Values.secrets.existingSecret -}}
{{- end -}}

{{/* The passwords of PostgreSQL and Redis: named in values.yaml, where their charts are told. */}}
{{- define "lab.servicesSecret" -}}
{{- printf "%s-pyk8s-lab-services" .Release.Name -}}
{{- end -}}

{{/* What a dependency calls its Service. */}}
{{- define "lab.dependency" -}}
{{- $values := index .root.Values .chart -}}
{{- $name := default .chart (get $values "nameOverride") -}}
{{- if get $values "fullnameOverride" -}}
{{- get $values "fullnameOverride" -}}
{{- else if contains $name .root.Release.Name -}}
{{- .root.Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .root.Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "lab.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}
