{{/* Where the configuration lies: files of a ConfigMap and a Secret, or what was fetched from Git beside that Secret.
     `files` names another ConfigMap than the release's. */}}
{{- define "fairwatch.config.volumes" -}}
{{- $config := .root.Values.config -}}
{{- $files := .files | default $config.existingConfigMap | default (printf "%s-config" (include "fairwatch.fullname" .root)) -}}
{{- if $config.git.repository }}
- {name: config, emptyDir: {sizeLimit: 16Mi, medium: Memory}}
{{- with $config.existingSecret }}
- {name: beside, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- with $config.git.existingSecret }}
- {name: git, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- else }}
- name: config
  projected:
    defaultMode: 0440
    sources:
      - configMap: {name: {{ $files }}}
      {{- with $config.existingSecret }}
      - secret: {name: {{ . }}, optional: {{ hasKey $ "files" }}}
      {{- end }}
{{- end }}
{{- end -}}

{{/* Fetches the configuration from Git, if nothing is wrong with it: a pod whose configuration is wrong does not start. */}}
{{- define "fairwatch.config.fetch" -}}
{{- $git := .root.Values.config.git -}}
{{- $args := list "config" "fetch" $git.repository "--ref" $git.ref "--path" $git.path "--to" "/config" -}}
{{- if .root.Values.config.existingSecret }}{{ $args = concat $args (list "--beside" "/secrets/beside") }}{{ end -}}
- name: config
  {{- include "fairwatch.container.security" .root | nindent 2 }}
  command: [fairwatch]
  args: {{ toJson $args }}
  {{- if or $git.existingSecret $git.signers }}
  env:
    {{- if $git.existingSecret }}
    - {name: FAIRWATCH_GIT_USERNAME_FILE, value: /secrets/git/{{ $git.usernameKey }}}
    - {name: FAIRWATCH_GIT_PASSWORD_FILE, value: /secrets/git/{{ $git.passwordKey }}}
    {{- end }}
    {{- with $git.signers }}
    - {name: FAIRWATCH_GIT_SIGNERS, value: {{ join "," . | quote }}}
    {{- end }}
  {{- end }}
  resources: {{- toYaml .root.Values.topics.resources | nindent 4 }}
  volumeMounts:
    - {name: config, mountPath: /config}
    - {name: tmp, mountPath: /tmp}
    {{- if .root.Values.config.existingSecret }}
    - {name: beside, mountPath: /secrets/beside, readOnly: true}
    {{- end }}
    {{- if $git.existingSecret }}
    - {name: git, mountPath: /secrets/git, readOnly: true}
    {{- end }}
{{- end -}}
