if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end

-- Each new value requests one rotation. The resource version differs after each change of the object.
obj.metadata.annotations["atoll.dev/rotate-credentials"] = "argocd-" .. obj.metadata.resourceVersion

return obj
