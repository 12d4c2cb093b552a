"""Settings, from FAIRWATCH_* environment variables; every secret may come from a file by its *_FILE twin."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from fairwatch.edges.environment import FromEnvironment
from fairwatch.matching.list_part import ListPart


class Settings(FromEnvironment):
    """Everything that differs between deployments; what only one edge has, is in its folder. Times are seconds."""

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port, comma separated")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        default="SCRAM-SHA-512", description="used with SASL_*"
    )
    kafka_username: str = ""
    kafka_username_file: Path | None = None
    kafka_password: SecretStr = SecretStr("")
    kafka_password_file: Path | None = None
    kafka_ca_file: Path | None = Field(default=None, description="PEM; the system's authorities otherwise")
    kafka_cert_file: Path | None = Field(default=None, description="PEM; our certificate, where the broker wants one")
    kafka_key_file: Path | None = Field(default=None, description="PEM; where it is not in kafka_cert_file")
    kafka_key_password: SecretStr = Field(default=SecretStr(""), description="of an encrypted key")
    kafka_key_password_file: Path | None = None
    kafka_principals: str = Field(
        default="",
        description="principal of a component, User:fairwatch-{component}: ACLs and quotas are applied with topics",
    )
    topic_prefix: str = Field(default="", description="put before every topic and consumer group name")
    max_partitions: int = Field(default=0, description="upper bound on partitions when topics are applied; 0 for none")
    replication: int = Field(default=1, description="replicas of a topic when topics are applied")
    state_lost: Literal["hold", "empty"] = Field(
        default="hold", description="when a processor's state is lost: handle nothing, or go on without it"
    )
    chain_key: SecretStr = Field(
        default=SecretStr(""),
        description="proves which processor wrote or handled a record; the same for all; empty: ACLs alone say that",
    )
    chain_key_file: Path | None = None
    unbound: Literal["refuse", "accept"] = Field(
        default="refuse",
        description="what no processor has proved to have written, where there is a chain key: accept for an upgrade",
    )
    names_secret: SecretStr = Field(
        default=SecretStr(""),
        description="makes tokens of devices' names (rule:3f9ac2) that nobody can look up; the same for all, for ever",
    )
    names_secret_file: Path | None = None
    link_key: SecretStr = Field(
        default=SecretStr(""),
        description="signs links in messages by which an alert is acknowledged; of notify and the console; empty: none",
    )
    link_key_file: Path | None = None
    console_url: str = Field(
        default="", description="where people's browsers reach the console: links lead there; `fairwatch alerts` too"
    )
    embedded: bool = Field(default=False, description="broker is the embedded one: short group timeouts")
    registry_url: str = Field(
        default="", repr=False, description="Confluent-compatible registry; empty: single-object encoding"
    )
    registry_url_file: Path | None = None
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    redis_url_file: Path | None = None
    media_url: str = Field(default="", description="file:///folder or s3://bucket/prefix; empty for ./media")
    raw_url: str = Field(
        default="", description="likewise, of raw bodies too large for Kafka; empty: /raw below media_url"
    )
    media_key: SecretStr = Field(
        default=SecretStr(""),
        description="master key, 32 bytes in base64: pictures and raw bodies are sealed under data keys; empty: not",
    )
    media_key_file: Path | None = None
    media_key_other: SecretStr = Field(
        default=SecretStr(""), description="a second master key that is only read, while the master key is changed"
    )
    media_key_other_file: Path | None = None
    media_key_command: tuple[str, ...] = Field(
        default=(), description="in the place of media_key, in JSON: a command that writes it to its standard output"
    )
    media_keys_url: str = Field(
        default="",
        description="where data keys lie, file:///folder or s3://bucket: never backed up with pictures",
    )
    media_hours: int = Field(
        default=0, ge=0, description="how long pictures are kept; 0: as long as the topics whose records refer to them"
    )
    model_dir: Path = Field(default=Path(".models"), description="folder of the ONNX models")
    faces: bool = Field(default=True, description="compare faces; needs the models; false: plates only")
    gallery_file: Path | None = Field(
        default=None, description="where match keeps sealed templates of enrolled faces; none: enrolled at each start"
    )
    gallery_key: SecretStr = Field(default=SecretStr(""), description="seals gallery_file; at least 32 characters")
    gallery_key_file: Path | None = None
    gallery_shard: str = Field(
        default="",
        description="1/2: match holds the first of two parts of the lists, topics apply allows both; empty: all",
    )
    config_dir: Path = Field(
        default=Path("config"),
        description="folder of routes.yaml, receivers.yaml, devices.yaml, people.yaml, trust.yaml",
    )
    host: str = Field(default="127.0.0.1", description="address that gateways, console and health listen on")
    port: int = Field(default=0, description="port of the gateway or the console; 0 for its default")
    health_port: int = Field(default=0, description="port of /live, /ready and /metrics; 0 for a free one")
    tls_cert_file: Path | None = Field(default=None, description="PEM; gateways and console then speak TLS themselves")
    tls_key_file: Path | None = None
    tls_client_ca_file: Path | None = Field(default=None, description="PEM; devices may then sign in by certificate")
    secure_cookie: bool = Field(default=False, description="TLS ends in front of the console")
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="addresses and networks (10.0.0.0/8) from which X-Forwarded-For is believed"
    )
    shared_addresses: tuple[str, ...] = Field(
        default=(), description="likewise, of NAT and proxies: several callers of GA/T 1400 are behind one of them"
    )
    signing_key_file: Path | None = Field(
        default=None, description="PEM; Ed25519 key with which the console signs what people do"
    )
    signing_key_command: tuple[str, ...] = Field(
        default=(), description="in the place of signing_key_file, in JSON: a command that writes the PEM"
    )
    anchor_dir: Path = Field(
        default=Path("anchors"),
        description="folder on a volume of its own: checkpoints of the audit log, their key",
    )
    anchor_key_file: Path | None = Field(
        default=None,
        description="PEM; Ed25519 key that signs checkpoints; none: anchor.pem of anchor_dir, made if missing",
    )
    anchor_url: SecretStr = Field(default=SecretStr(""), description="https://; takes each checkpoint as JSON by POST")
    anchor_url_file: Path | None = None
    anchor_tsa_url: str = Field(default="", description="authority of timestamps (RFC 3161), sent hashes only")
    anchor_minutes: float = Field(default=10, gt=0, description="most minutes from a record to its checkpoint")
    anchor_records: int = Field(default=10_000, ge=1, description="records after which a checkpoint is made sooner")
    nonce_secret: SecretStr = Field(default=SecretStr(""), description="the same for all replicas of a gateway")
    nonce_secret_file: Path | None = None
    devices_secret: SecretStr = Field(
        default=SecretStr(""), description="seals passwords in the records of devices; at least 32 random characters"
    )
    devices_secret_file: Path | None = None
    git_username: str = Field(default="", description="for `fairwatch config fetch`")
    git_username_file: Path | None = None
    git_password: SecretStr = Field(default=SecretStr(""), description="password or token, likewise")
    git_password_file: Path | None = None
    git_signers: str = Field(
        default="", description="ssh-ed25519 public keys, parted by commas, of which one must have signed the commit"
    )
    held_mib: int = Field(
        default=24, ge=1, description="MiB that a gateway holds while Kafka does not take them; then it says 503"
    )
    soft_biometrics: bool = Field(
        default=False, description="keep estimated age and gender of persons; off unless the law allows it"
    )
    otlp_endpoint: str = Field(
        default="", description="OpenTelemetry collector that traces go to over HTTP, http://host:4318; empty for none"
    )
    trace_ratio: float = Field(default=0.01, ge=0, le=1, description="share of the traces that are recorded")
    log_level: str = "info"
    log_json: bool = True
    instance: str = Field(
        default="", description="name of this process, of its component alone; the host name and process id otherwise"
    )
    static_member: bool = Field(
        default=False,
        description="consumer groups know a processor by its `instance`, unique and kept over restarts (a StatefulSet)",
    )

    @property
    def list_part(self) -> ListPart:
        """Which part of the lists `match` holds; ConfigurationError where `gallery_shard` names none."""
        return ListPart.read(self.gallery_shard)


@lru_cache
def settings() -> Settings:
    """Return the settings of this process.

    Raises:
        ConfigurationError: One is wrong; names the variable, and what it may be, but not what it is.
    """
    return Settings.read()
