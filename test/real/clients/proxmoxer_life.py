"""A guest's small life over proxmoxer, by token and by ticket: URL, token and login come as arguments."""
import sys
import time

from proxmoxer import ProxmoxAPI, ResourceException

host, port, token, login = sys.argv[1:5]
token_id, secret = token.split("=")
user, token_name = token_id.split("!")


def wait(api, upid):
    node = upid.split(":")[1]
    while True:
        status = api.nodes(node).tasks(upid).status.get()
        if status["status"] == "stopped":
            return status["exitstatus"]
        time.sleep(0.05)


def life(api, vmid, node):
    assert api.version.get()["release"].startswith("9.")
    assert wait(api, api.nodes(node).qemu(9000).clone.post(newid=vmid, name="proxmoxer")) == "OK"
    guest = api.nodes(node).qemu(vmid)
    guest.config.put(cores=2, memory=1024, tags="b;a", net0="virtio,bridge=vmbr0")
    config = guest.config.get()
    assert (config["cores"], config["memory"], config["tags"]) == (2, "1024", "a;b"), config
    assert wait(api, guest.resize.put(disk="scsi0", size="+1G")) == "OK"
    assert wait(api, guest.snapshot.post(snapname="before")) == "OK"
    assert [one["name"] for one in guest.snapshot.get()] == ["before", "current"]
    assert wait(api, guest.snapshot("before").delete()) == "OK"
    assert wait(api, guest.status.start.post()) == "OK"
    assert guest.status.current.get()["status"] == "running"
    try:
        guest.delete()
        raise AssertionError("a running guest was deleted")
    except ResourceException as error:
        assert error.status_code == 500 and "is running" in error.content, error
    assert wait(api, guest.status.stop.post()) == "OK"
    assert any(one["vmid"] == vmid for one in api.cluster.resources.get(type="vm"))
    assert wait(api, guest.delete(purge=1)) == "OK"
    try:
        guest.config.get()
        raise AssertionError("a deleted guest is still there")
    except ResourceException as error:
        assert "does not exist" in error.content, error


common = {"port": int(port), "verify_ssl": False, "service": "PVE"}
by_token = ProxmoxAPI(host, user=user, token_name=token_name, token_value=secret, **common)
life(by_token, 7001, "pve1")
login_user, password = login.split(":", 1)
by_ticket = ProxmoxAPI(host, user=login_user, password=password, **common)
life(by_ticket, 7002, "pve1")
by_ticket.access.users.post(userid="third@pve", comment="party")
made = by_ticket.access.users("third@pve").token("ci").post(privsep=1)
assert made["full-tokenid"] == "third@pve!ci" and made["value"], made
by_ticket.access.acl.put(path="/vms/9000", roles="PVEAuditor", tokens="third@pve!ci", users="third@pve")
limited = ProxmoxAPI(host, user="third@pve", token_name="ci", token_value=made["value"], **common)
assert limited.nodes("pve1").qemu(9000).config.get()["template"] == 1
try:
    limited.nodes("pve1").qemu(9000).clone.post(newid=7003)
    raise AssertionError("an auditor cloned a template")
except ResourceException as error:
    assert error.status_code == 403, error
by_ticket.access.users("third@pve").delete()
print("done")
