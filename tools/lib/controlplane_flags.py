"""The command lines of the three servers, and the audit policy."""

# Everything, one line a request, without bodies: writes are counted from it, and bodies would put secrets on disk.
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""


def etcd(directory, port, peer_port):
    url, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        f"--data-dir={directory}/etcd",
        f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",  # it need not survive a power cut
    ]


def apiserver(directory, etcd_port, port):
    certificates = f"{directory}/certificates"
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={port}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
        # No endpoints for the `kubernetes` service: a loopback address is not allowed there, and nobody needs it.
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={certificates}/apiserver.crt", f"--tls-private-key-file={certificates}/apiserver.key",
        f"--cert-dir={certificates}", f"--client-ca-file={certificates}/ca.crt",
        "--authorization-mode=RBAC", "--allow-privileged=true", "--service-cluster-ip-range=10.0.0.0/24",
        f"--service-account-issuer=https://127.0.0.1:{port}/",
        f"--service-account-key-file={certificates}/service-accounts.key",
        f"--service-account-signing-key-file={certificates}/service-accounts.key",
        f"--audit-policy-file={directory}/audit-policy.yaml", f"--audit-log-path={directory}/audit.log",
        # At SIGTERM it ends the watches at once, where otherwise it waits a minute for the clients to go.
        "--shutdown-watch-termination-grace-period=1s",
        # Each request is written at once, and the file is never rotated: a test may count its lines.
        "--audit-log-mode=blocking", "--audit-log-maxsize=100000",
    ]


def controller_manager(directory):
    certificates = f"{directory}/certificates"
    controllers = ("garbagecollector", "namespace", "resourcequota", "serviceaccount", "serviceaccount-token",
                   "deployment", "replicaset", "daemonset", "statefulset", "clusterrole-aggregation",
                   "validatingadmissionpolicy-status-controller")
    return [
        f"--kubeconfig={directory}/controller-manager.kubeconfig",
        # Without it RBAC refuses what the garbage collector deletes, and namespaces hang in Terminating.
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={certificates}/service-accounts.key",
        f"--root-ca-file={certificates}/ca.crt",
        "--leader-elect=false", "--secure-port=0", f"--controllers={','.join(controllers)}",
        # Tests delete namespaces by the dozen; the default of 20 requests a second is for large clusters.
        "--kube-api-qps=200", "--kube-api-burst=400",
    ]
