{{/* What every container of the lab is held to: the Pod Security level `restricted`, and a root that can't be written. */}}
{{- define "lab.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "lab.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "lab.volumeMounts" -}}
- { name: data, mountPath: /var/lib/pyk8s-lab }
- { name: tmp, mountPath: /tmp }
{{- end -}}
