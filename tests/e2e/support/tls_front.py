"""A proxy before a registry that speaks TLS and wants a certificate of its clients."""

import contextlib
import ssl

from certificates import CertificateAuthority
from fault_proxy import FaultProxy

SERVER_NAME = "kubernetes.default.svc"  # a name that its certificate carries


@contextlib.contextmanager
def tls_front(directory, *clients):
    """(proxy, authority): it trusts the certificates of this authority, which has made its own and these clients'."""
    authority = CertificateAuthority(directory)
    authority.create()
    authority.server("front")
    for client in clients:
        authority.client(client, "operator")
    proxy = FaultProxy()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate("front"), authority.key("front"))
    context.load_verify_locations(authority.certificate("ca"))
    context.verify_mode = ssl.CERT_REQUIRED
    proxy._server.socket = context.wrap_socket(proxy._server.socket, server_side=True,
                                               do_handshake_on_connect=False)
    proxy.use_certificate = context.load_cert_chain  # from the next handshake on
    proxy.url = f"https://127.0.0.1:{proxy.port}"
    with proxy:
        yield proxy, authority
