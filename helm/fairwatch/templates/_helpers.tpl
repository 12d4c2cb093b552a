{{/* Full name of the release; what belongs to a component adds "-<component>". */}}
{{- define "fairwatch.fullname" -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains "fairwatch" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-fairwatch" .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "fairwatch.selector" -}}
app.kubernetes.io/name: fairwatch
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{- define "fairwatch.labels" -}}
{{ include "fairwatch.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: fairwatch
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "fairwatch.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}{{ printf "%s@%s" $image.repository $image.digest }}
{{- else -}}{{ printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) }}{{- end -}}
{{- end -}}

{{/* Every enabled component by name, its own values laid over `defaults`, with what is known of it from the code. An
     enabled chain takes the place of its processors. */}}
{{- define "fairwatch.components" -}}
{{- $file := .Files.Get "files/topics.yaml" | fromYaml -}}
{{- $known := $file.components -}}
{{- $all := dict -}}
{{- $chained := dict -}}
{{- range $name, $own := .Values.chains -}}
{{- $part := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy ($own | default dict)) -}}
{{- if $part.enabled -}}
{{- $flow := get $file.chains $name -}}
{{- if not $.Values.chainKey.existingSecret -}}
{{- fail (printf "chains.%s is enabled: name the secret that its processors share in chainKey.existingSecret" $name) -}}
{{- end -}}
{{- range $flow.parts -}}
{{- $_ := set $chained . true -}}
{{- $single := get $.Values.processors . | default dict -}}
{{- $_ := set $part "env" (merge (deepCopy $part.env) ($single.env | default dict)) -}}
{{- $_ := set $part "envFromSecrets" (concat $part.envFromSecrets ($single.envFromSecrets | default list) | uniq) -}}
{{- end -}}
{{- $_ := set $all $name (merge (dict "kind" "processor" "chain" true "flow" $flow "parts" $flow.parts) $part) -}}
{{- end -}}{{- end -}}
{{- range $kind, $map := dict "processor" .Values.processors "gateway" .Values.gateways "console" (dict "console" .Values.console) -}}
{{- range $name, $own := $map -}}
{{- $part := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy ($own | default dict)) -}}
{{- if and $part.enabled (not (and (eq $kind "processor") (hasKey $chained $name))) -}}
{{- $_ := set $all $name (merge (dict "kind" $kind "flow" (get $known $name) "parts" (list $name)) $part) -}}
{{- end -}}{{- end -}}{{- end -}}
{{- include "fairwatch.shards" (dict "root" . "all" $all) -}}
{{- range $name, $part := $all -}}
{{- include "fairwatch.check" (dict "root" $ "name" $name "part" $part) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* Puts the parts of the lists in the place of match, each with a group, a state and rights of its own. */}}
{{- define "fairwatch.shards" -}}
{{- $shards := int .root.Values.galleryShards -}}
{{- if gt $shards 1 -}}
{{- $all := .all -}}
{{- $match := get $all "match" -}}
{{- if not $match -}}
{{- fail "galleryShards is more than 1, but match does not run by itself: parts of the lists run in no chain" -}}
{{- end -}}
{{- range $number := untilStep 1 (int (add1 $shards)) 1 -}}
{{- $name := printf "match-shard-%d-of-%d" $number $shards -}}
{{- $part := deepCopy $match -}}
{{- $rights := list -}}
{{- range $part.flow.rights -}}
{{- if not (contains "+" .name) -}}
{{- $rights = append $rights (set (deepCopy .) "name" (.name | replace "fairwatch-match" (printf "fairwatch-%s" $name))) -}}
{{- end -}}{{- end -}}
{{- $_ := set $part "flow" (merge (dict "name" $name "rights" $rights "forms" list) $part.flow) -}}
{{- $_ := set $part "run" "match" -}}
{{- $_ := set $part "env" (merge (dict "FAIRWATCH_GALLERY_SHARD" (printf "%d/%d" $number $shards)) $part.env) -}}
{{- $_ := set $all $name $part -}}
{{- end -}}
{{- $_ := unset $all "match" -}}
{{- end -}}
{{- end -}}

{{/* What a schema cannot say. */}}
{{- define "fairwatch.check" -}}
{{- $part := .part -}}{{- $path := ternary "console" (printf "%ss.%s" (ternary "chain" $part.kind (hasKey $part "chain")) .name) (eq .name "console") -}}
{{- $bound := include "fairwatch.partitions" . | int -}}
{{- if $bound -}}
{{- if gt (int $part.scaling.max) $bound -}}
{{- fail (printf "%s.scaling.max is %d, but its topics have %d partitions: more replicas would be idle (0 means as many as partitions)" $path (int $part.scaling.max) $bound) -}}
{{- end -}}
{{- if gt (int $part.replicas) $bound -}}
{{- fail (printf "%s.replicas is %d, but its topics have %d partitions: more replicas would be idle" $path (int $part.replicas) $bound) -}}
{{- end -}}{{- end -}}
{{- $max := include "fairwatch.max" . | int -}}
{{- if and (ne (include "fairwatch.scaler" .) "none") (gt (int $part.replicas) $max) -}}
{{- fail (printf "%s.replicas is %d, more than the %d of scaling.max" $path (int $part.replicas) $max) -}}
{{- end -}}
{{- if and (eq ($part.flow.way | default "") "subscribe") (or (gt (int $part.replicas) 1) (ne (include "fairwatch.scaler" .) "none")) -}}
{{- fail (printf "%s must have replicas 1 and scaling.mode none: its session is one, and a second one would push it out" $path) -}}
{{- end -}}
{{- if and (eq ($part.flow.way | default "") "serve") (not .root.Values.nonce.existingSecret) (or (gt (int $part.replicas) 1) (ne (include "fairwatch.scaler" .) "none")) -}}
{{- fail (printf "%s has more than one replica: set nonce.existingSecret, so that all of them accept the same digest nonces" $path) -}}
{{- end -}}
{{- $flow := $part.flow -}}
{{- if and $flow.replay (ne (include "fairwatch.scaler" .) "none") -}}
{{- fail (printf "%s.scaling.mode must be none: it reads its topics anew at each start, so its lag says nothing" $path) -}}
{{- end -}}
{{- end -}}

{{/* The fewest partitions among the topics that a component reads as a group; 0 where it reads none. */}}
{{- define "fairwatch.partitions" -}}
{{- $topics := (.root.Files.Get "files/topics.yaml" | fromYaml).topics -}}
{{- $bound := 0 -}}
{{- range .part.flow.reads -}}
{{- $count := include "fairwatch.bounded" (dict "root" $.root "count" (get $topics .).partitions) | int -}}
{{- if or (not $bound) (lt $count $bound) -}}{{- $bound = $count -}}{{- end -}}
{{- end -}}
{{- $bound -}}
{{- end -}}

{{/* A topic's partitions as `fairwatch topics apply` would make them. */}}
{{- define "fairwatch.bounded" -}}
{{- $limit := int .root.Values.topics.maxPartitions -}}
{{- if and $limit (lt $limit (int .count)) -}}{{ $limit }}{{- else -}}{{ int .count }}{{- end -}}
{{- end -}}

{{- define "fairwatch.max" -}}
{{- $max := int .part.scaling.max -}}
{{- if $max -}}{{ $max }}{{- else -}}{{ include "fairwatch.partitions" . | int | default 4 }}{{- end -}}
{{- end -}}

{{/* keda, hpa or none. What does not consume a topic has no lag, so it gets the plain autoscaler, as where KEDA is not. */}}
{{- define "fairwatch.scaler" -}}
{{- $mode := .part.scaling.mode -}}
{{- if eq $mode "auto" -}}
{{- $mode = ternary "keda" "hpa" (.root.Capabilities.APIVersions.Has "keda.sh/v1alpha1") -}}
{{- end -}}
{{- if and (eq $mode "keda") (not .part.flow.reads) -}}hpa{{- else -}}{{ $mode }}{{- end -}}
{{- end -}}

{{/* How a component signs in to Kafka: its own KafkaUser, or the secrets of `kafka`. */}}
{{- define "fairwatch.kafka" -}}
{{- $kafka := .root.Values.kafka -}}
{{- $own := and .root.Values.strimzi.users.enabled .user -}}
{{- $name := printf "%s-%s" (include "fairwatch.fullname" .root) .name -}}
sasl: {{ hasPrefix "SASL" $kafka.security }}
tls: {{ hasSuffix "SSL" $kafka.security }}
{{- if hasPrefix "SASL" $kafka.security }}
{{- if $own }}
username: {value: {{ $name }}}
password: {secret: {{ $name }}, key: password}
{{- else }}
{{- if not $kafka.sasl.existingSecret }}{{ fail (printf "kafka.security is %s: name the secret with user name and password in kafka.sasl.existingSecret" $kafka.security) }}{{ end }}
username: {valueFrom: {secretKeyRef: {name: {{ $kafka.sasl.existingSecret }}, key: {{ $kafka.sasl.usernameKey }}}}}
password: {secret: {{ $kafka.sasl.existingSecret }}, key: {{ $kafka.sasl.passwordKey }}}
{{- end }}
{{- end }}
{{- if hasSuffix "SSL" $kafka.security }}
{{- with $kafka.tls.caSecret }}
ca: {secret: {{ . }}, key: {{ $kafka.tls.caKey }}}
{{- end }}
{{- if and $own (eq $kafka.security "SSL") }}
cert: {secret: {{ $name }}, key: user.crt}
key: {secret: {{ $name }}, key: user.key}
{{- else if $kafka.tls.clientSecret }}
cert: {secret: {{ $kafka.tls.clientSecret }}, key: {{ $kafka.tls.certKey }}}
key: {secret: {{ $kafka.tls.clientSecret }}, key: {{ $kafka.tls.keyKey }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* Refuse settings that cannot work together; rendered once. */}}
{{- define "fairwatch.sound" -}}
{{- if eq .Values.image.tag "latest" -}}
{{- fail "image.tag is latest: name a version, or nobody can say what runs" -}}
{{- end -}}
{{- $known := or (eq .Values.kafka.security "SASL_SSL") (and (eq .Values.kafka.security "SSL") .Values.kafka.tls.clientSecret) -}}
{{- if not (or $known .Values.kafka.insecure) -}}
{{- fail (printf "kafka.security is %s%s: whoever reaches Kafka could write alerts. Set SASL_SSL, or SSL with kafka.tls.clientSecret, and ACLs; or write out kafka.insecure: true" .Values.kafka.security (ternary " without a certificate of ours" "" (eq .Values.kafka.security "SSL"))) -}}
{{- end -}}
{{- if and .Values.faces.enabled (not .Values.media.url) (not .Values.media.existingClaim) -}}
{{- fail "faces.enabled is true, but match cannot see the gateways' pictures: set media.url or media.existingClaim" -}}
{{- end -}}
{{- if and .Values.receivers.pictures (not .Values.media.url) (not .Values.media.existingClaim) -}}
{{- fail "receivers.pictures is true, but notify cannot see the gateways' pictures: set media.url or media.existingClaim" -}}
{{- end -}}
{{- if and .Values.config.git.repository (not .Values.config.git.ref) -}}
{{- fail "config.git.repository is set: name the tag, branch or commit in config.git.ref" -}}
{{- end -}}
{{- if and .Values.config.git.repository .Values.config.existingConfigMap -}}
{{- fail "config.git.repository and config.existingConfigMap are both set: the files come from one of them" -}}
{{- end -}}
{{- if and .Values.strimzi.users.enabled (eq .Values.kafka.security "PLAINTEXT") -}}
{{- fail "strimzi.users.enabled is true, but kafka.security PLAINTEXT signs nobody in: set SSL, SASL_SSL or SASL_PLAINTEXT" -}}
{{- end -}}
{{- if and .Values.strimzi.users.enabled (hasPrefix "SASL" .Values.kafka.security) (ne .Values.kafka.sasl.mechanism "SCRAM-SHA-512") -}}
{{- fail "strimzi.users.enabled is true: Strimzi makes users for kafka.sasl.mechanism SCRAM-SHA-512 only" -}}
{{- end -}}
{{- end -}}

{{/* Names of the pods that are no component: what Helm runs before and after, and what `helm test` runs. */}}
{{- define "fairwatch.hooks" -}}
{{- $config := .Values.config -}}
{{- $hooks := list -}}
{{- if or (eq .Values.topics.apply "job") .Values.registry.url }}{{ $hooks = append $hooks "topics" }}{{ end -}}
{{- if $config.check }}{{ $hooks = append $hooks "check" }}{{ end -}}
{{- if or $config.existingConfigMap $config.git.repository (hasKey $config.files "reference.yaml") }}{{ $hooks = append $hooks "reference" }}{{ end -}}
{{- if and (eq .Values.topics.apply "job") (or $config.existingConfigMap $config.git.repository (hasKey $config.files "retention.yaml")) }}{{ $hooks = append $hooks "retention" }}{{ end -}}
{{- if .Values.tests.enabled }}{{ $hooks = append $hooks "doctor" }}{{ end -}}
{{- if and .Values.tests.enabled .Values.tests.probe.eventType }}{{ $hooks = append $hooks "probe" }}{{ end -}}
{{- toJson $hooks -}}
{{- end -}}

{{/* Whether a component connects to something besides Kafka and Redis: media, mqtt, devices, receivers, anchors. */}}
{{- define "fairwatch.needs" -}}
{{- $flow := (.part | default dict).flow | default dict -}}
{{- if has .what ($flow.needs | default list) -}}yes{{- end -}}
{{- end -}}

{{/* Whether a pod is given the master key of pictures: where there is one, to what handles them, and to the doctor. */}}
{{- define "fairwatch.seals" -}}
{{- if .root.Values.mediaKey.existingSecret -}}
{{- if not (or .root.Values.mediaKey.keysUrl .root.Values.mediaKey.keysClaim) -}}
{{- fail "mediaKey.existingSecret is set: say where data keys lie, mediaKey.keysUrl or mediaKey.keysClaim" -}}
{{- end -}}
{{- if or (eq (.name | default "") "doctor") (include "fairwatch.pictures" .) -}}yes{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether a component handles pictures, and so needs the media store. */}}
{{- define "fairwatch.pictures" -}}
{{- if include "fairwatch.needs" (merge (dict "what" "media") .) -}}yes
{{- else if and .root.Values.receivers.pictures (include "fairwatch.needs" (merge (dict "what" "receivers") .)) -}}yes
{{- end -}}
{{- end -}}
