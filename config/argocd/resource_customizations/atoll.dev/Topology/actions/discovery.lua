local audited = obj.metadata.annotations ~= nil and obj.metadata.annotations["atoll.dev/isolation"] == "audit"
local isolated = obj.spec == nil or obj.spec.isolation ~= "None"

local actions = {}
actions["audit-isolation"] = {["disabled"] = audited or not isolated}
actions["enforce-isolation"] = {["disabled"] = not audited}

return actions
