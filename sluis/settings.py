"""Every setting of the program, read from SLUIS_… variables of the environment; nothing else reads it.

Below the roof each package owns its options; here they are composed.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from catalog.errors import Invalid
from ingest.config import EnrichOptions, FetchLimits, IngestOptions
from models.certificate import CertificateOptions
from ranking.config import RankingOptions


class Settings(BaseSettings):
    """What an operator can set. Each field is the variable SLUIS_<NAME>; the text is its documentation."""

    model_config = SettingsConfigDict(env_prefix="SLUIS_", frozen=True)

    data_dir: Path = Field(Path("sluis-data"), description="Where the embedded database and the artefacts live.")
    database_url: str = Field("", description="sqlite:///PATH or postgresql://…; default: SQLite in the data folder.")
    artefact_dir: Path = Field(Path(), description="Taggers and rankers; default: `artefacts` in the data folder.")
    cache_dir: Path = Field(Path("~/.cache/sluis"), description="Unpacked encoder weights, shared by all projects.")
    tenant: str = Field("default", pattern=r"^[a-z0-9-]{1,64}$", description="The organisation that commands act for.")
    sole_tenant: bool = Field(
        False, description="That there is no other organisation in this database, where it cannot tell by itself."
    )
    encoder: str = Field(
        "intfloat/multilingual-e5-small", description="A sentence-transformers model: a name or a local folder."
    )
    encoder_socket: Path = Field(
        Path(), description="Where `sluis encode` answers on this machine; default: `encoder.sock` in the data folder."
    )
    encoder_url: str = Field(
        "", pattern=r"^(https?://.+)?$", description="Where it answers on another machine: http://HOST:PORT."
    )
    encoder_token: SecretStr = Field(SecretStr(""), description="What both sides know, where it answers on TCP.")
    trusted_hosts: Annotated[frozenset[tuple[str, int]], NoDecode] = Field(
        frozenset(), description="address:port pairs on private addresses that ingest may read, separated by commas."
    )
    contact: str = Field("", description="An address or page that the User-Agent names, for sites that we read.")
    lease_seconds: int = Field(
        300, ge=1, le=3600, description="How long a worker may keep what it claimed; after that others take it up."
    )
    certificate_alpha: float = Field(
        0.01, gt=0, le=0.1, description="The share of what the machine lets pass that may be wrong."
    )
    own_share: float = Field(
        RankingOptions().own_share, ge=0, le=1, description="The organisation's own content as a share of every slate."
    )
    kind_mix: Annotated[tuple[tuple[str, float], ...], NoDecode] = Field(
        (), description="kind=share pairs, separated by commas: the mix of kinds that every slate aims at."
    )
    grades: str = Field("", description="What events are worth to a ranker, where not as usual: open=2,like=0.")
    slates_per_person: int = Field(0, ge=0, description="At most so many of a person's slates train a ranker; 0: all.")
    mlflow_tracking_uri: str = Field(
        "", description="Where MLflow keeps a run of every training and evaluation: https://SERVER or a folder."
    )
    host: str = Field("127.0.0.1", description="The address that `sluis serve` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="The port that `sluis serve` listens on.")
    workers: int = Field(1, ge=1, le=64, description="How many processes `sluis serve` answers with.")
    requests_at_once: int = Field(
        100, ge=1, le=10_000, description="Requests that one process answers at once; more are told to come back."
    )
    rate_per_key: int = Field(6_000, ge=0, description="Requests a minute that a key may make of one process; 0: any.")
    rate_per_tenant: int = Field(20_000, ge=0, description="The same for all keys of an organisation together; 0: any.")
    metrics_token: SecretStr = Field(SecretStr(""), description="Who knows it may read `/metrics`; nobody without.")
    log_format: Literal["text", "json"] = Field("text", description="Lines for people, or JSON with a request a line.")

    @field_validator("trusted_hosts", mode="before")
    @classmethod
    def split_hosts(cls, given: object) -> object:
        """Addresses are written with commas: SLUIS_TRUSTED_HOSTS=127.0.0.1:8010,10.0.0.7:80."""
        if not isinstance(given, str):
            return given
        pairs = [host.strip().rpartition(":") for host in given.split(",") if host.strip()]
        for name, _, port in pairs:
            if not name or not port.isdigit():
                raise ValueError(f"{given!r} is not address:port, with commas between several")
        return frozenset((name, int(port)) for name, _, port in pairs)

    @field_validator("kind_mix", mode="before")
    @classmethod
    def split_kinds(cls, given: object) -> object:
        """Shares are written with commas: SLUIS_KIND_MIX=news=0.4,vacancy=0.1."""
        if not isinstance(given, str):
            return given
        pairs = [pair.strip().partition("=")[::2] for pair in given.split(",") if pair.strip()]
        try:
            mix = tuple((kind.strip(), float(share)) for kind, share in pairs)
            RankingOptions(kind_mix=mix)
        except ValueError:
            raise ValueError(f"{given!r} is not kind=share, each kind once and together at most 1") from None
        return mix

    @property
    def database(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{self.data_dir / 'sluis.db'}"

    @property
    def artefacts(self) -> Path:
        """The folder of learned artefacts."""
        return self.data_dir / "artefacts" if self.artefact_dir == Path() else self.artefact_dir

    @property
    def socket(self) -> Path:
        """Where the encoder answers on this machine."""
        return self.data_dir / "encoder.sock" if self.encoder_socket == Path() else self.encoder_socket

    @property
    def cache(self) -> Path:
        """The folder of unpacked encoder weights."""
        return self.cache_dir.expanduser()

    def ingest_options(self) -> IngestOptions:
        """What ingest needs to know."""
        limits = FetchLimits(allow=self.trusted_hosts, contact=self.contact)
        return IngestOptions(limits=limits, lease=self._lease)

    def enrich_options(self) -> EnrichOptions:
        """What enrichment needs to know."""
        return EnrichOptions(lease=self._lease)

    def ranking_options(self) -> RankingOptions:
        """How slates are made."""
        return RankingOptions(own_share=self.own_share, kind_mix=self.kind_mix)

    def certificate_options(self) -> CertificateOptions:
        """What a certificate must promise."""
        return CertificateOptions(alpha=self.certificate_alpha)

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


def read_settings() -> Settings:
    """The settings of the environment. Raises Invalid, which names the variable and what is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(["SLUIS", *(str(part).upper() for part in first["loc"])])
        raise Invalid(f"{name}: {first['msg'].removeprefix('Value error, ')}") from error
