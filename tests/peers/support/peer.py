"""A registry server in the words of this suite: what a person, or another program, does with it past the operator. Each
kind is a class in a file of its own."""


class Peer:
    """One running server, shared by the tests of a run. Clients are told apart by their namespaces.

    kind           as in APICLIENT_PEER
    strategy       how a secret is rotated here, as the status says
    can_disable    whether a client can be switched off and on again
    keeps_foreign  whether a client may hold members that the operator does not know
    durable        whether clients survive a restart of the server
    picks_ids      whether the server picks the client ids; then it also cannot adopt a client
    says_absent    whether it can be told that a client is gone; else that looks like a token that is refused
    searchable     whether clients can be listed
    probed_by_reading  whether the operator's probe reads something, and so sees a wrong answer
    calls          {what the operator does: (method, path pattern)}
    """

    kind = strategy = ""
    can_disable = keeps_foreign = durable = picks_ids = False
    says_absent = searchable = probed_by_reading = True
    calls = {}

    admin_token = ""  # World makes a Secret of it, needed or not

    def __init__(self, server):
        """`server` starts and stops, and knows its issuer and its admin_url."""
        self._server = server
        self.name = server.name

    # The process, and what World asks for

    def start(self):
        self._server.start()

    def stop(self):
        self._server.stop(grace=2)

    @property
    def issuer(self):
        return self._server.issuer

    @property
    def admin_url(self):
        return self._server.admin_url

    @property
    def admin_port(self):
        return self._server.admin_port

    def members(self, admin_url):
        """Of a ClusterClientRegistry's spec, beside what World says; None: to be left out."""
        raise NotImplementedError

    def auth(self, secret_name):
        """`spec.auth`, with a Secret that has the token under "token"."""
        return {"bearer": {"secretRef": {"name": secret_name, "key": "token"}}}

    def credentials(self):
        """Of the Secret that `auth` names, by key."""
        return {"token": self.admin_token}

    example = ""  # the file in examples/ that shows this kind

    def lead_example(self, spec, secret_name):
        """Changes the registry's spec of the example, so that it leads here."""
        raise NotImplementedError

    # Past the operator

    def client(self, client_id):
        """{name, redirect_uris, scopes, grant_types, auth_method, disabled}, lists sorted; or None."""
        raise NotImplementedError

    def client_ids(self):
        raise NotImplementedError

    def make(self, client_id, secret, installation=None):
        """A client of nobody, or of another installation of the operator."""
        raise NotImplementedError

    def rename(self, client_id, name):
        raise NotImplementedError

    def remove(self, client_id):
        raise NotImplementedError

    def add_foreign(self, client_id):
        """Puts a member into the client that the operator does not know. False: the server refuses such a thing."""
        raise NotImplementedError

    def foreign(self, client_id):
        """The value of that member, or None."""
        raise NotImplementedError
