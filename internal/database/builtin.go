/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package database

import (
	"maps"
	"path"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	// VolumeName is the name of the claim template, and so the first part of the
	// claim's name.
	VolumeName = "data"
	// PortName is the name of the database's port.
	PortName = "database"
	// ContainerName is the name of the database's container.
	ContainerName = "database"
)

// StatefulSet runs one instance of the engine on a persistent volume. live is
// the existing StatefulSet, or nil.
func (p *Plan) StatefulSet(live *appsv1.StatefulSet, labels, selector map[string]string) *appsv1.StatefulSet {
	podLabels := maps.Clone(labels)
	maps.Copy(podLabels, selector)

	retention := appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	if !p.Retained() {
		retention = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	replicas := int32(1)
	if p.Suspended {
		replicas = 0
	}

	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: appsv1.StatefulSetSpec{
			// In order, a pod that never becomes ready would not be replaced when what is
			// wrong with it is mended. There is one pod, and never two of a name.
			PodManagementPolicy: appsv1.ParallelPodManagement,

			Replicas:    &replicas,
			ServiceName: p.Name,
			Selector:    &metav1.LabelSelector{MatchLabels: selector},
			Template:    corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: podLabels}, Spec: p.Engine.PodSpec(p)},
			// Scaling to zero, as suspend does, never deletes data.
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: retention,
				WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
			},
		},
	}
	template := p.claimTemplate(labels, selector)
	if live != nil && len(live.Spec.VolumeClaimTemplates) == 1 {
		keepClaimTemplate(&template, &live.Spec.VolumeClaimTemplates[0])
	}
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{template}
	return set
}

// server is the engine's container. start is what runs the engine; init, unless
// empty, is a script that the image's entry point runs when it has made the
// database.
//
// The server holds a lock beside the data for as long as any process of it
// lives. A pod that is deleted by force is replaced while its server may still
// write, and an engine's own lock file does not tell two servers apart that both
// are process 1 of their container: without the lock both would write to the
// same data. The descriptor passes to every process that the server starts, and
// the kernel gives the lock up with the last of them.
func (p *Plan) server(home, start, init string) corev1.Container {
	script := "set -e\nexec 9>>" + home + "/.atoll-lock\n" +
		`flock -w 60 9 || { echo "another server still holds the data" >&2; exit 1; }` + "\n"
	mounts := []corev1.VolumeMount{{Name: VolumeName, MountPath: home}, {Name: "tmp", MountPath: "/tmp"}}
	if init != "" {
		script += "cat > " + initFolder + "/atoll.sh <<'ATOLL_INIT'\n" + init + "ATOLL_INIT\n"
		mounts = append(mounts, corev1.VolumeMount{Name: "init", MountPath: initFolder})
	}
	return corev1.Container{
		Name:  ContainerName,
		Image: p.Image,
		// What follows the script is its $0; the arguments come after.
		Command:         []string{"/bin/sh", "-c", script + start, "database"},
		Resources:       p.Resources,
		Ports:           []corev1.ContainerPort{{Name: PortName, ContainerPort: p.Engine.Port(), Protocol: corev1.ProtocolTCP}},
		SecurityContext: restricted(),
		VolumeMounts:    mounts,
	}
}

// noteFunction writes a word to a file so that it is there after whatever
// befalls the machine.
const noteFunction = `flush() { sync -f "$1" 2>/dev/null || sync; }
note() { echo "$2" > "$1.partial" && flush "$1.partial" && mv "$1.partial" "$1" && flush "$1"; }
`

// firstStart begins the first start anew where it was broken off. An entry point
// takes data that it has not finished for whole, and would start a server that
// lacks the service's user, or more.
//
// Only data is cleared that was begun here, in an empty volume, and that no
// server has answered on: firstStarted notes that before anybody is let in. A
// volume from before there were these notes has none and is left as it is, and so
// is what was written later than a first start can last: somebody else ran it.
func firstStart(data string) string {
	return noteFunction + `data=` + data + ` begun=` + path.Join(path.Dir(data), ".atoll-begun") + ` made=` + madeNote(data) + `
if { [ ! -e "$data" ] && [ ! -L "$data" ]; } || { held=$(ls -A "$data") && [ -z "$held" ]; }; then
  rm -f "$made"
  note "$begun" "$(date +%s)"
elif [ -e "$begun" ] && [ ! -e "$made" ]; then
  began=$(cat "$begun")
  written=$(find "$data" -type f -exec stat -c %Y {} + | sort -n | tail -n 1)
  if [ "$((${written:-0} - ${began:-0}))" -le ` + strconv.Itoa(startupPeriod*startupTries) + ` ]; then
    echo "the first start was broken off before the server answered: beginning it anew" >&2
    rm -rf "$data"
    note "$begun" "$(date +%s)"
  fi
fi
`
}

// A server has an hour to start: recovery after a crash can take long, and is no
// reason to start over.
const (
	startupPeriod = 2
	startupTries  = 1800
)

// firstStarted is a startup probe's script: once the server answers, its data is
// made. The temporary server of the first start must not satisfy answers.
func firstStarted(data, answers string) string {
	return answers + ` || exit 1
` + noteFunction + `[ -e "` + madeNote(data) + `" ] || note "` + madeNote(data) + `" yes
`
}

func madeNote(data string) string { return path.Join(path.Dir(data), ".atoll-made") }

// initFolder is where the official images look for scripts to run at the first
// start.
const initFolder = "/docker-entrypoint-initdb.d"

// serverEnv tells the scripts of the first start which user and database to
// make.
func (p *Plan) serverEnv() []corev1.EnvVar {
	return []corev1.EnvVar{
		{Name: "ATOLL_ADMIN", Value: p.Engine.Admin()},
		{Name: "ATOLL_OWNER", Value: p.DatabaseName},
		{Name: "ATOLL_DATABASE", Value: p.DatabaseName},
		p.secretEnv("ATOLL_USER", KeyUsername),
		p.secretEnv("ATOLL_PASSWORD", KeyPassword),
	}
}

// scratch is a folder that lives as long as its pod.
type scratch struct {
	name, path string
	medium     corev1.StorageMedium
}

// serverPod is the pod around the engine's container.
func (p *Plan) serverPod(server corev1.Container, folders ...scratch) corev1.PodSpec {
	volumes := []corev1.Volume{emptyDir("tmp", corev1.StorageMediumDefault)}
	for i := range server.VolumeMounts {
		if server.VolumeMounts[i].Name == "init" {
			volumes = append(volumes, emptyDir("init", corev1.StorageMediumDefault))
		}
	}
	for _, f := range folders {
		server.VolumeMounts = append(server.VolumeMounts, corev1.VolumeMount{Name: f.name, MountPath: f.path})
		volumes = append(volumes, emptyDir(f.name, f.medium))
	}
	return corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		EnableServiceLinks:           ptr.To(false),
		// A clean shutdown writes everything out, which takes as long as the disk does.
		TerminationGracePeriodSeconds: ptr.To[int64](120),
		SecurityContext:               podSecurity(p.Engine),
		Containers:                    []corev1.Container{server},
		Volumes:                       volumes,
	}
}

func emptyDir(name string, medium corev1.StorageMedium) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: medium}}}
}

// podSecurity runs a pod as the user of the engine's image.
func podSecurity(engine Engine) *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{
		RunAsNonRoot:        ptr.To(true),
		RunAsUser:           ptr.To(engine.UID()),
		RunAsGroup:          ptr.To(engine.UID()),
		FSGroup:             ptr.To(engine.UID()),
		FSGroupChangePolicy: ptr.To(corev1.FSGroupChangeOnRootMismatch),
		SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// keepClaimTemplate takes over what may differ in an existing claim template:
// the API server lets none of it change. The claim itself grows without it.
func keepClaimTemplate(template, live *corev1.PersistentVolumeClaim) {
	template.Labels = live.Labels
	template.Spec.Resources.Requests = live.Spec.Resources.Requests
	template.Spec.StorageClassName = live.Spec.StorageClassName
}

func (p *Plan) claimTemplate(labels, selector map[string]string) corev1.PersistentVolumeClaim {
	claimLabels := maps.Clone(labels)
	maps.Copy(claimLabels, selector)
	claimLabels[LabelEngine] = p.Engine.Type()
	claimLabels[LabelMajorVersion] = majorOf(p.Version)
	claim := corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: VolumeName, Labels: claimLabels},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: p.Size}},
		},
	}
	if p.StorageClass != "" {
		claim.Spec.StorageClassName = &p.StorageClass
	}
	return claim
}

// Claim is what Atoll keeps on the claim that the StatefulSet made: its size,
// which can grow, the annotations that follow from the deletion policy, and what
// became of the volume.
func (p *Plan) Claim(marks Marks, labels map[string]string) *corev1.PersistentVolumeClaim {
	annotations := marks.on(p.keepAnnotations())
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: ClaimName(p.Owner), Namespace: p.Namespace, Labels: labels, Annotations: annotations},
		Spec: corev1.PersistentVolumeClaimSpec{
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: p.Size}},
		},
	}
}

// Service is the stable address of the database.
func (p *Plan) Service(labels, selector map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: selector,
			Ports: []corev1.ServicePort{{
				Name: PortName, Port: p.Port, TargetPort: intstr.FromString(PortName), Protocol: corev1.ProtocolTCP,
			}},
		},
	}
}
