-- The conditions are described in https://github.com/atoll-dev/atoll/blob/main/docs/status.md
local health = {status = "Progressing", message = "Waiting for Atoll to observe the latest generation"}

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Pending deletion"
  return health
end

-- A new object has -1.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions["Ready"]
local stalled = conditions["Stalled"]

-- ServicesReady of a Topology does not count: a sync wave with the Topology must not wait for a later
-- one. Only Microservices have the reason Suspended.
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
  health.message = stalled.message
elseif ready ~= nil then
  health.message = ready.message
  if ready.status == "True" and ready.reason == "Suspended" then
    health.status = "Suspended"
  elseif ready.status == "True" then
    health.status = "Healthy"
  end
end

return health
