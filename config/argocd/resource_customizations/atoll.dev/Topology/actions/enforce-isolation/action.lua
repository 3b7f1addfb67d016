obj.metadata.annotations["atoll.dev/isolation"] = nil

return obj
