if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["atoll.dev/deletion-guard"] = "override"

return obj
