{{/* The lab's settings, as environment. */}}

{{/* What does not fit together is said before anything is made. */}}
{{- define "lab.check" -}}
{{- $many := or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled -}}
{{- $database := or .Values.postgres.enabled .Values.externalDatabase.url .Values.externalDatabase.existingSecret -}}
{{- $redis := or .Values.redis.enabled .Values.externalRedis.url .Values.externalRedis.existingSecret -}}
{{- if and .Values.postgres.enabled (or .Values.externalDatabase.url .Values.externalDatabase.existingSecret) -}}
{{- fail "externalDatabase and postgres.enabled: which of the two? Set postgres.enabled=false for the external one" -}}
{{- end -}}
{{- if and .Values.redis.enabled (or .Values.externalRedis.url .Values.externalRedis.existingSecret) -}}
{{- fail "externalRedis and redis.enabled: which of the two? Set redis.enabled=false for the external one" -}}
{{- end -}}
{{- if and $many (not $database) -}}
{{- fail "several replicas need PostgreSQL: set postgres.enabled=true, externalDatabase.url or externalDatabase.existingSecret, or replicas=1" -}}
{{- end -}}
{{- if and $many (not $redis) -}}
{{- fail "several replicas need Redis: set redis.enabled=true, externalRedis.url or externalRedis.existingSecret, or replicas=1" -}}
{{- end -}}
{{- if and $many .Values.persistence.enabled -}}
{{- fail "persistence is one pod's volume: set replicas=1 and autoscaling.enabled=false, or persistence.enabled=false" -}}
{{- end -}}
{{- if and (not $database) (not .Values.persistence.enabled) -}}
{{- fail "without PostgreSQL the database is a file: set persistence.enabled=true" -}}
{{- end -}}
{{- if and (eq .Values.provider "kwok") (not .Values.persistence.enabled) -}}
{{- fail "kwok's clusters live in the pod and its data directory: set persistence.enabled=true and replicas=1" -}}
{{- end -}}
{{- end -}}

{{- define "lab.publicUrl" -}}
{{- if .Values.publicUrl -}}
{{- .Values.publicUrl -}}
{{- else if .Values.ingress.enabled -}}
{{- printf "%s://%s" (ternary "https" "http" .Values.ingress.tls.enabled) .Values.ingress.host -}}
{{- else if and .Values.httpRoute.enabled .Values.httpRoute.hostnames -}}
{{- printf "%s://%s" (ternary "https" "http" .Values.httpRoute.tls) (first .Values.httpRoute.hostnames) -}}
{{- end -}}
{{- end -}}

{{/* What is no secret: a ConfigMap's data. */}}
{{- define "lab.settings" -}}
LISTEN_ADDR: 0.0.0.0:8080
DATA_DIR: /var/lib/pyk8s-lab
KUBE_BIN_DIR: /opt/kube
APP_ENV: production
PROVIDER: {{ .Values.provider }}
{{- with include "lab.publicUrl" . }}
PUBLIC_URL: {{ . | quote }}
{{- end }}
DATABASE_POOL_SIZE: {{ .Values.database.poolSize | quote }}
DATABASE_TIMEOUT: {{ .Values.database.timeout | quote }}
DATABASE_STATEMENT_TIMEOUT: {{ .Values.database.statementTimeout | quote }}
MAX_CLUSTERS_PER_USER: {{ .Values.limits.clustersPerUser | quote }}
MAX_TTL_HOURS: {{ .Values.limits.ttlHours | quote }}
PROVISION_CONCURRENCY: {{ .Values.limits.provisionConcurrency | quote }}
PROVIDER_TIME_LIMIT: {{ .Values.limits.providerTimeLimit | quote }}
RATE_LIMIT_AUTH: {{ .Values.limits.authAttempts | quote }}
REGISTRATION: {{ .Values.registration }}
LOG_FORMAT: {{ .Values.log.format }}
RUST_LOG: {{ .Values.log.filter | quote }}
{{- if eq .Values.provider "vcluster" }}
{{- if .Values.rbac.create }}
VCLUSTER_CLUSTER_ROLE: {{ include "lab.clusterName" . }}-clusters
{{- end }}
VCLUSTER_CHART: {{ .Values.vcluster.chart | quote }}
VCLUSTER_CHART_REPOSITORY: {{ .Values.vcluster.repository | quote }}
{{- with .Values.vcluster.version }}
VCLUSTER_CHART_VERSION: {{ . | quote }}
{{- end }}
{{- with .Values.vcluster.values }}
VCLUSTER_VALUES: /etc/pyk8s-lab/vcluster.yaml
{{- end }}
{{- with .Values.vcluster.kubernetesVersions }}
VCLUSTER_KUBERNETES_VERSIONS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.vcluster.address }}
VCLUSTER_ADDRESS: {{ . | quote }}
{{- end }}
{{- end }}
{{- if .Values.addons }}
ADDONS: /etc/pyk8s-lab/addons.yaml
{{- end }}
{{- end -}}

{{/* Files that settings name. */}}
{{- define "lab.files" -}}
{{- if and (eq .Values.provider "vcluster") .Values.vcluster.values }}
vcluster.yaml: |
  {{- toYaml .Values.vcluster.values | nindent 2 }}
{{- end }}
{{- with .Values.addons }}
addons.yaml: |
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The lab's own Secret, in base64: as given, else as it is, else new. */}}
{{- define "lab.secretData" -}}
{{- $there := get (lookup "v1" "Secret" .Release.Namespace (include "lab.fullname" .)) "data" | default dict -}}
{{- if not .Values.secrets.existingSecret }}
SECRET_KEY: {{ .Values.secrets.secretKey | b64enc | default (get $there "SECRET_KEY") | default (randAlphaNum 48 | b64enc) }}
ENCRYPTION_KEY: {{ .Values.secrets.encryptionKey | b64enc | default (get $there "ENCRYPTION_KEY") | default (randBytes 32 | b64enc) }}
{{- with .Values.secrets.encryptionKeyPrevious }}
ENCRYPTION_KEY_PREVIOUS: {{ . | b64enc }}
{{- end }}
{{- end }}
{{- with .Values.externalDatabase.url }}
DATABASE_URL: {{ . | b64enc }}
{{- end }}
{{- with .Values.externalRedis.url }}
REDIS_URL: {{ . | b64enc }}
{{- end }}
{{- end -}}

{{/* Whether keys stay at an uninstallation: they do where the database, which only they open, does. */}}
{{- define "lab.keepsSecrets" -}}
{{- if or .Values.postgres.enabled .Values.persistence.enabled -}}true{{- end -}}
{{- end -}}

{{/* Environment beside the ConfigMap: `own` is the Secret that stands for the lab's. */}}
{{- define "lab.env" -}}
{{- $own := .own -}}
{{- with .root -}}
{{- $keys := default $own .Values.secrets.existingSecret -}}
- name: SECRET_KEY
  valueFrom: { secretKeyRef: { name: {{ $keys }}, key: SECRET_KEY } }
- name: ENCRYPTION_KEY
  valueFrom: { secretKeyRef: { name: {{ $keys }}, key: ENCRYPTION_KEY } }
- name: ENCRYPTION_KEY_PREVIOUS
  valueFrom: { secretKeyRef: { name: {{ $keys }}, key: ENCRYPTION_KEY_PREVIOUS, optional: true } }
{{- if .Values.postgres.enabled }}
- name: POSTGRES_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ include "lab.servicesSecret" . }}, key: postgres-password } }
- name: DATABASE_URL
  value: postgres://{{ .Values.postgres.auth.username }}:$(POSTGRES_PASSWORD)@{{ include "lab.dependency" (dict "root" . "chart" "postgres") }}:5432/{{ .Values.postgres.auth.database }}
{{- else if .Values.externalDatabase.existingSecret }}
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.externalDatabase.existingSecret }}, key: {{ .Values.externalDatabase.existingSecretKey }} } }
{{- else if .Values.externalDatabase.url }}
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ $own }}, key: DATABASE_URL } }
{{- end }}
{{- if .Values.redis.enabled }}
- name: REDIS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ include "lab.servicesSecret" . }}, key: redis-password } }
- name: REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ include "lab.dependency" (dict "root" . "chart" "redis") }}:6379/0
{{- else if .Values.externalRedis.existingSecret }}
- name: REDIS_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.externalRedis.existingSecret }}, key: {{ .Values.externalRedis.existingSecretKey }} } }
{{- else if .Values.externalRedis.url }}
- name: REDIS_URL
  valueFrom: { secretKeyRef: { name: {{ $own }}, key: REDIS_URL } }
{{- end }}
{{- end -}}
{{- end -}}
