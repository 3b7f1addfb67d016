local suspended = obj.spec.suspend == true
local database = obj.spec.database
local status = obj.status or {}

local actions = {}
actions["suspend"] = {["disabled"] = suspended}
actions["resume"] = {["disabled"] = not suspended}
-- Atoll does not change the password of an External database.
actions["rotate-credentials"] = {["disabled"] = suspended or database == nil or database.provider == "External"}

local overridden = obj.metadata.annotations ~= nil and obj.metadata.annotations["atoll.dev/deletion-guard"] == "override"
local guarded = status.deletionGuard == "Dependents" and (status.dependents or 0) > 0
actions["override-deletion-guard"] = {["disabled"] = overridden or not guarded}

return actions
