"""A certificate authority for one control plane, made with the openssl command. Every key file has mode 0600."""

import re
import subprocess
from pathlib import Path

from processes import Failed

_CONFIGURATION = """\
[req]
distinguished_name = subject
prompt = no
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, IP:10.0.0.1, DNS:localhost, DNS:kubernetes.default.svc
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
"""

# What may stand in a subject without being read as the start of another attribute.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,62}")


class CertificateAuthority:
    """Keys and certificates below one directory: `ca`, and one pair NAME.crt, NAME.key for each name issued."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def create(self):
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.directory / "openssl.cnf").write_text(_CONFIGURATION)
        self._issue("ca", "/CN=apiclient-testbed", "authority", by=None)

    def server(self, name):
        return self._issue(name, f"/CN={name}", "server", by="ca")

    def client(self, name, user, groups=()):
        """A client certificate; Kubernetes reads the user from CN and the groups from O."""
        for value in (user, *groups):
            if not _NAME.fullmatch(value):
                raise Failed(f"{value!r} cannot be the name of a user or group here")
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        return self._issue(name, subject, "client", by="ca")

    def signing_key(self, name):
        """A bare EC key in the SEC 1 form, the only one the service account signer reads."""
        path = self.directory / f"{name}.key"
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
        return path

    def certificate(self, name):
        return self.directory / f"{name}.crt"

    def key(self, name):
        return self.directory / f"{name}.key"

    def _issue(self, name, subject, extensions, by):
        signer = ["-CA", self.certificate(by), "-CAkey", self.key(by)] if by else []
        self._openssl("req", "-x509", "-config", self.directory / "openssl.cnf", "-extensions", extensions,
                      "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "365",
                      "-subj", subject, *signer, "-keyout", self.key(name), "-out", self.certificate(name))
        return self.certificate(name), self.key(name)

    @staticmethod
    def _openssl(*arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, umask=0o077)
        if done.returncode != 0:
            raise Failed(f"openssl {arguments[0]} failed:\n{done.stderr}")
