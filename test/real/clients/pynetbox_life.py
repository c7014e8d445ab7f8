"""A machine's small life over pynetbox: URL and token come as arguments."""
import sys

import pynetbox

url, token = sys.argv[1:3]
api = pynetbox.api(url, token=token)
assert api.version.startswith("4."), api.version
cluster = next(iter(api.virtualization.clusters.all()))
machine = api.virtualization.virtual_machines.create(name="pynetbox", cluster=cluster.id, status="planned", vcpus=2)
assert str(machine.status) == "Planned", machine.status
card = api.virtualization.interfaces.create(virtual_machine=machine.id, name="net0")
prefix = api.ipam.prefixes.create(prefix="10.96.0.0/29")
address = prefix.available_ips.create({"assigned_object_type": "virtualization.vminterface", "assigned_object_id": card.id})
assert address.address == "10.96.0.1/29", address
machine.primary_ip4 = address.id
machine.status = "active"
assert machine.save()
again = api.virtualization.virtual_machines.get(name="pynetbox")
assert str(again.primary_ip4) == "10.96.0.1/29" and again.status.value == "active", dict(again)
api.virtualization.virtual_disks.create([{"virtual_machine": machine.id, "name": f"scsi{n}", "size": 1000} for n in (0, 1)])
assert api.virtualization.virtual_machines.get(machine.id).disk == 2000
many = api.virtualization.virtual_machines.create([{"name": f"many-{n}", "cluster": cluster.id} for n in range(60)])
assert len(many) == 60
assert len(list(api.virtualization.virtual_machines.filter(name__isw="many-", limit=25))) == 60
assert api.virtualization.virtual_machines.delete(list(many))
try:
    api.virtualization.virtual_machines.create(name="PYNETBOX", cluster=cluster.id)
    raise AssertionError("two machines of one name")
except pynetbox.RequestError as error:
    assert error.req.status_code == 400, error
assert machine.delete()
assert api.virtualization.virtual_machines.get(name="pynetbox") is None
prefix.delete()
print("done")
