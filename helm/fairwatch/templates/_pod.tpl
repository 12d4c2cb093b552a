{{/* Environment of every container of ours. */}}
{{- define "fairwatch.env" -}}
{{- $values := .root.Values -}}
{{- $kafka := include "fairwatch.kafka" . | fromYaml -}}
- {name: FAIRWATCH_KAFKA_BOOTSTRAP, value: {{ $values.kafka.bootstrap | quote }}}
- {name: FAIRWATCH_KAFKA_SECURITY, value: {{ $values.kafka.security }}}
{{- if $kafka.sasl }}
- {name: FAIRWATCH_KAFKA_SASL_MECHANISM, value: {{ $values.kafka.sasl.mechanism }}}
- {{ merge (dict "name" "FAIRWATCH_KAFKA_USERNAME") $kafka.username | toJson }}
{{- end }}
{{- range $kind, $file := dict "password" "PASSWORD" "ca" "CA" "cert" "CERT" "key" "KEY" }}
{{- if hasKey $kafka $kind }}
- {name: FAIRWATCH_KAFKA_{{ $file }}_FILE, value: /secrets/kafka/{{ $kind }}}
{{- end }}
{{- end }}
{{- with $values.topics.prefix }}
- {name: FAIRWATCH_TOPIC_PREFIX, value: {{ . | quote }}}
{{- end }}
{{- with int $values.topics.maxPartitions }}
- {name: FAIRWATCH_MAX_PARTITIONS, value: {{ . | quote }}}
{{- end }}
- {name: FAIRWATCH_REPLICATION, value: {{ $values.topics.replication | int | quote }}}
{{- with $values.registry.url }}
- {name: FAIRWATCH_REGISTRY_URL, value: {{ . | quote }}}
{{- end }}
{{- if $values.redis.existingSecret }}
- {name: FAIRWATCH_REDIS_URL_FILE, value: /secrets/redis/url}
{{- else }}
- {name: FAIRWATCH_REDIS_URL, value: {{ $values.redis.url | quote }}}
{{- end }}
- {name: FAIRWATCH_MEDIA_URL, value: {{ $values.media.url | default "file:///media" | quote }}}
{{- if include "fairwatch.seals" . }}
- {name: FAIRWATCH_MEDIA_KEY_FILE, value: /secrets/media-key/key}
{{- if $values.mediaKey.otherKey }}
- {name: FAIRWATCH_MEDIA_KEY_OTHER_FILE, value: /secrets/media-key/other}
{{- end }}
- {name: FAIRWATCH_MEDIA_KEYS_URL, value: {{ $values.mediaKey.keysUrl | default "file:///data-keys" | quote }}}
{{- end }}
- {name: FAIRWATCH_FACES, value: {{ $values.faces.enabled | quote }}}
{{- with $values.faces.modelDir }}
- {name: FAIRWATCH_MODEL_DIR, value: {{ . | quote }}}
{{- end }}
- {name: FAIRWATCH_SOFT_BIOMETRICS, value: {{ $values.softBiometrics | quote }}}
- {name: FAIRWATCH_CONFIG_DIR, value: /config}
- {name: FAIRWATCH_HOST, value: "0.0.0.0"}
- {name: FAIRWATCH_PORT, value: "8080"}
- {name: FAIRWATCH_HEALTH_PORT, value: "9090"}
{{- with $values.traces.endpoint }}
- {name: FAIRWATCH_OTLP_ENDPOINT, value: {{ . | quote }}}
- {name: FAIRWATCH_TRACE_RATIO, value: {{ $values.traces.ratio | quote }}}
{{- end }}
- {name: FAIRWATCH_LOG_LEVEL, value: {{ $values.log.level }}}
- {name: FAIRWATCH_LOG_JSON, value: {{ $values.log.json | quote }}}
- {name: FAIRWATCH_INSTANCE, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
{{- end -}}

{{/* What only processors have: also those by themselves have to know what a chain has handled. */}}
{{- define "fairwatch.env.processor" -}}
{{- if .root.Values.links.existingSecret }}
- {name: FAIRWATCH_LINK_KEY_FILE, value: /secrets/links/key}
- {name: FAIRWATCH_CONSOLE_URL, value: {{ required "links.consoleUrl: where people reach the console" .root.Values.links.consoleUrl | quote }}}
{{- end }}
{{- if include "fairwatch.needs" (merge (dict "what" "anchors") .) }}
- {name: FAIRWATCH_ANCHOR_DIR, value: /anchor}
{{- if .root.Values.auditAnchor.existingSecret }}
- {name: FAIRWATCH_ANCHOR_KEY_FILE, value: /secrets/anchor-key/anchor.pem}
{{- end }}
{{- end }}
{{- if and (eq .name "retain") .root.Values.receiptKey.existingSecret }}
- {name: FAIRWATCH_SIGNING_KEY_FILE, value: /secrets/receipts/key.pem}
{{- end }}
{{- if .root.Values.chainKey.existingSecret }}
- {name: FAIRWATCH_CHAIN_KEY_FILE, value: /secrets/chain/key}
{{- end }}
{{- end -}}

{{/* What only listening components have. */}}
{{- define "fairwatch.env.listening" -}}
{{- $values := .root.Values -}}
{{- if include "fairwatch.shows.anchor" . }}
- {name: FAIRWATCH_ANCHOR_DIR, value: /anchor}
{{- end }}
{{- if .part.tlsSecret }}
- {name: FAIRWATCH_TLS_CERT_FILE, value: /secrets/tls/tls.crt}
- {name: FAIRWATCH_TLS_KEY_FILE, value: /secrets/tls/tls.key}
{{- if .part.clientCertificates }}
- {name: FAIRWATCH_TLS_CLIENT_CA_FILE, value: /secrets/tls/ca.crt}
{{- end }}
{{- end }}
{{- if eq .name "console" }}
- {name: FAIRWATCH_SECURE_COOKIE, value: {{ .part.secureCookie | quote }}}
{{- if $values.links.existingSecret }}
- {name: FAIRWATCH_LINK_KEY_FILE, value: /secrets/links/key}
{{- end }}
{{- if $values.signingKey.existingSecret }}
- {name: FAIRWATCH_SIGNING_KEY_FILE, value: /secrets/signing/key.pem}
{{- end }}
{{- else }}
{{- with $values.trustedProxies }}
- {name: FAIRWATCH_TRUSTED_PROXIES, value: {{ toJson . | quote }}}
{{- end }}
{{- if $values.nonce.existingSecret }}
- {name: FAIRWATCH_NONCE_SECRET_FILE, value: /secrets/nonce/nonce}
{{- end }}
{{- if $values.devicesSecret.existingSecret }}
- {name: FAIRWATCH_DEVICES_SECRET_FILE, value: /secrets/devices/secret}
{{- end }}
{{- end }}
{{- if include "fairwatch.needs" (merge (dict "what" "mqtt") .) }}
{{- if $values.mqtt.existingSecret }}
- {name: FAIRWATCH_MQTT_URL_FILE, value: /secrets/mqtt/url}
{{- else }}
- {name: FAIRWATCH_MQTT_URL, value: {{ $values.mqtt.url | quote }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* Secrets as files, so that they are neither in the environment nor in `kubectl describe`. */}}
{{- define "fairwatch.volumes" -}}
{{- $values := .root.Values -}}
{{- $kafka := include "fairwatch.kafka" . | fromYaml -}}
{{- include "fairwatch.config.volumes" . }}
{{- if or $kafka.password $kafka.ca $kafka.cert }}
- name: kafka
  projected:
    defaultMode: 0440
    sources:
      {{- range $kind := list "password" "ca" "cert" "key" }}
      {{- with get $kafka $kind }}
      - secret: {name: {{ .secret }}, items: [{key: {{ .key }}, path: {{ $kind }}}]}
      {{- end }}
      {{- end }}
{{- end }}
{{- with $values.redis.existingSecret }}
- {name: redis, secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: {{ $values.redis.key }}, path: url}]}}
{{- end }}
{{- if or (eq (.name | default "") "doctor") (include "fairwatch.needs" (merge (dict "what" "receivers") .)) }}
{{- range $values.receivers.secretFiles }}
- {name: receiver-{{ . }}, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- end }}
- {name: tmp, emptyDir: {sizeLimit: 256Mi}}
{{- if not $values.media.url }}
{{- if $values.media.existingClaim }}
- {name: media, persistentVolumeClaim: {claimName: {{ $values.media.existingClaim }}}}
{{- else }}
- {name: media, emptyDir: {sizeLimit: 1Gi}}
{{- end }}
{{- end }}
{{- if include "fairwatch.seals" . }}
- name: media-key
  secret:
    secretName: {{ $values.mediaKey.existingSecret }}
    defaultMode: 0440
    items:
      - {key: {{ $values.mediaKey.key }}, path: key}
      {{- with $values.mediaKey.otherKey }}
      - {key: {{ . }}, path: other}
      {{- end }}
{{- if not $values.mediaKey.keysUrl }}
- {name: data-keys, persistentVolumeClaim: {claimName: {{ $values.mediaKey.keysClaim }}}}
{{- end }}
{{- end }}
{{- if .part }}
{{- if .part.tlsSecret }}
- {name: tls, secret: {secretName: {{ .part.tlsSecret }}, defaultMode: 0440}}
{{- end }}
{{- if include "fairwatch.needs" (merge (dict "what" "anchors") .) }}
{{- if $values.auditAnchor.existingClaim }}
- {name: anchor, persistentVolumeClaim: {claimName: {{ $values.auditAnchor.existingClaim }}}}
{{- else }}
- {name: anchor, emptyDir: {sizeLimit: 256Mi}}
{{- end }}
{{- with $values.auditAnchor.existingSecret }}
- {name: anchor-key, secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: {{ $values.auditAnchor.key }}, path: anchor.pem}]}}
{{- end }}
{{- end }}
{{- if include "fairwatch.shows.anchor" . }}
- {name: anchor, persistentVolumeClaim: {claimName: {{ $values.auditAnchor.existingClaim }}, readOnly: true}}
{{- end }}
{{- if and (eq .part.kind "processor") $values.chainKey.existingSecret }}
- {name: chain, secret: {secretName: {{ $values.chainKey.existingSecret }}, defaultMode: 0440, items: [{key: {{ $values.chainKey.key }}, path: key}]}}
{{- end }}
{{- if and (or (eq .part.kind "processor") (eq .name "console")) $values.links.existingSecret }}
- {name: links, secret: {secretName: {{ $values.links.existingSecret }}, defaultMode: 0440, items: [{key: {{ $values.links.key }}, path: key}]}}
{{- end }}
{{- if and (eq .name "console") $values.signingKey.existingSecret }}
- {name: signing, secret: {secretName: {{ $values.signingKey.existingSecret }}, defaultMode: 0440, items: [{key: {{ $values.signingKey.key }}, path: key.pem}]}}
{{- end }}
{{- if and (eq .name "retain") $values.receiptKey.existingSecret }}
- {name: receipts, secret: {secretName: {{ $values.receiptKey.existingSecret }}, defaultMode: 0440, items: [{key: {{ $values.receiptKey.key }}, path: key.pem}]}}
{{- end }}
{{- if and (eq .part.kind "gateway") $values.nonce.existingSecret }}
- {name: nonce, secret: {secretName: {{ $values.nonce.existingSecret }}, defaultMode: 0440, items: [{key: {{ $values.nonce.key }}, path: nonce}]}}
{{- end }}
{{- if and (eq .part.kind "gateway") $values.devicesSecret.existingSecret }}
- {name: devices, secret: {secretName: {{ $values.devicesSecret.existingSecret }}, defaultMode: 0440, items: [{key: {{ $values.devicesSecret.key }}, path: secret}]}}
{{- end }}
{{- if and (include "fairwatch.needs" (merge (dict "what" "mqtt") .)) $values.mqtt.existingSecret }}
- {name: mqtt, secret: {secretName: {{ $values.mqtt.existingSecret }}, defaultMode: 0440, items: [{key: {{ $values.mqtt.key }}, path: url}]}}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether a component is the console, and shows auditors what the log is held against. */}}
{{- define "fairwatch.shows.anchor" -}}
{{- $anchor := .root.Values.auditAnchor -}}
{{- if and (eq (.name | default "") "console") $anchor.atConsole -}}
{{- required "auditAnchor.atConsole: name the claim, auditAnchor.existingClaim" $anchor.existingClaim -}}
{{- end -}}
{{- end -}}

{{/* Where each of those volumes is seen; those of what is fetched from Git only where it is fetched. */}}
{{- define "fairwatch.mounts" -}}
{{- $reads := include "fairwatch.shows.anchor" . }}
{{- range include "fairwatch.volumes" . | fromYamlArray }}
{{- if not (has .name (list "git" "beside")) }}
{{- $path := get (dict "config" "/config" "tmp" "/tmp" "media" "/media" "anchor" "/anchor" "data-keys" "/data-keys") .name | default (printf "/secrets/%s" .name) }}
- {name: {{ .name }}, mountPath: {{ $path }}{{ if or (not (has .name (list "tmp" "media" "anchor" "data-keys"))) (and $reads (eq .name "anchor")) }}, readOnly: true{{ end }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* A pod of the restricted profile: no root, no token, no capability, nothing to write to but /tmp, /media, /data-keys, /anchor. */}}
{{- define "fairwatch.pod.security" -}}
automountServiceAccountToken: false
enableServiceLinks: false # the variables that Kubernetes makes of services would be taken for settings
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int .Values.user }}
  runAsGroup: {{ int .Values.user }}
  fsGroup: {{ int .Values.user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "fairwatch.container.security" -}}
image: {{ include "fairwatch.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}
